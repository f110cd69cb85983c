"""Looks into a live region, as one more ivshmem peer or in a file: the numbers that tests wait for. Offsets as in docs/protocol.md; reads
only."""
import mmap
import os
import socket
import struct

SERVER_TIMEOUT_S = 5
GUEST_HEADER = struct.Struct("<QQHHIQIHHQQII")
SECTION = struct.Struct("<IIHHIQQ")
MAGIC = int.from_bytes(b"TRANSOM1", "little")
SECTION_FRAME_QUEUE = 2
SECTION_CURSOR = 4
WORDS_OFFSET_FIELD = 8
QUEUE_FIELDS = {"words_offset": 8, "descriptors_offset": 16, "progress_offset": 20, "history_offset": 24, "descriptor_bytes": 28,
                "progress_bytes": 32, "history_bytes": 36, "history_count": 40}  # fmt: skip
FULL_DAMAGE = 1
WAKE_FRAME_VECTOR = 0xFF
COMPLETE = 2
CONSUMER_LINES = 65536 + 4096
CONSUMER_LINE_BYTES = 64
CONSUMERS = 16
CONSUMER_SEEN_FIELD = 48


def is_served(socket_path):
    """A socket is there a moment before anybody listens on it."""
    with socket.socket(socket.AF_UNIX) as client:
        return os.path.exists(socket_path) and client.connect_ex(str(socket_path)) == 0


class Region:
    def __init__(self, memory):
        self.memory = memory

    def drain(self):
        """What must be done now and then so that whoever gives us the region stays well."""

    def epoch(self):
        """0 while nobody has formatted the region."""
        magic, epoch = struct.unpack_from("<QQ", self.memory, 0)
        return epoch if magic == MAGIC else 0

    def section_offset(self, kind, head=0):
        header = GUEST_HEADER.unpack_from(self.memory, 0)
        table, count, entry_bytes = header[6], header[7], header[8]
        for index in range(count):
            section = SECTION.unpack_from(self.memory, table + index * entry_bytes)
            if section[0] == kind and section[1] == head:
                return section[5]
        return None

    def newest_sequence(self):
        """Of the newest complete frame; 0 = none."""
        self.drain()
        queue = self.section_offset(SECTION_FRAME_QUEUE) if self.epoch() else None
        if queue is None:
            return 0
        words = queue + struct.unpack_from("<I", self.memory, queue + WORDS_OFFSET_FIELD)[0]
        return struct.unpack_from("<Q", self.memory, words + 8)[0] >> 16

    def seen_sequences(self):
        """What each consumer of this epoch has finished with."""
        epoch = self.epoch()
        lines = [CONSUMER_LINES + index * CONSUMER_LINE_BYTES for index in range(CONSUMERS)]
        joined = [line for line in lines if epoch and struct.unpack_from("<Q", self.memory, line)[0] == epoch]
        return [struct.unpack_from("<Q", self.memory, line + CONSUMER_SEEN_FIELD)[0] for line in joined]

    def queue_field(self, name):
        return struct.unpack_from("<I", self.memory, self.section_offset(SECTION_FRAME_QUEUE) + QUEUE_FIELDS[name])[0]

    def damage_since(self, sequence):
        """(newest sequence, rectangles (x, y, width, height) of all frames after `sequence`); None as rectangles = everything."""
        newest, rectangles = self.newest_sequence(), []
        history = self.section_offset(SECTION_FRAME_QUEUE) + self.queue_field("history_offset")
        for number in range(sequence + 1, newest + 1):
            at = history + number % self.queue_field("history_count") * self.queue_field("history_bytes")
            first, _, flags, count = struct.unpack_from("<QQII", self.memory, at)
            if first != number or flags & FULL_DAMAGE:
                return newest, None
            rectangles += [struct.unpack_from("<4H", self.memory, at + 24 + 8 * i) for i in range(count)]
        return newest, rectangles

    def stamps(self):
        """(sequence, acquired, copy started, copy done, complete) of the newest complete frame, in the guest's nanoseconds; None = torn."""
        queue = self.section_offset(SECTION_FRAME_QUEUE)
        word = struct.unpack_from("<Q", self.memory, queue + self.queue_field("words_offset") + 8)[0]
        slot, sequence = word & 0xFFFF, word >> 16
        descriptor = queue + self.queue_field("descriptors_offset") + slot * self.queue_field("descriptor_bytes")
        progress = queue + self.queue_field("progress_offset") + slot * self.queue_field("progress_bytes")
        result = (sequence, *struct.unpack_from("<QQ", self.memory, descriptor + 40), *struct.unpack_from("<QQ", self.memory, progress + 8))
        first = struct.unpack_from("<Q", self.memory, descriptor)[0]
        state = struct.unpack_from("<Q", self.memory, progress)[0]
        return result if first == sequence and state >> 24 == sequence and state >> 20 & 0xF == COMPLETE else None

    def cursor(self, head=0):
        """(x, y, visible, clipped)"""
        section = self.section_offset(SECTION_CURSOR, head)
        state = section + struct.unpack_from("<I", self.memory, section + 8)[0]
        x, y, flags = struct.unpack_from("<iiI", self.memory, state + 8)
        return x, y, bool(flags & 1), bool(flags & 2)


class RegionFile(Region):
    def __init__(self, path):
        with open(path, "r+b") as file:
            super().__init__(mmap.mmap(file.fileno(), 0))

    def arm(self, line, peer, token, epoch=None):
        """Makes consumer line `line` one that waits for frames and cursor; epoch 0 frees it."""
        at = CONSUMER_LINES + line * CONSUMER_LINE_BYTES
        struct.pack_into("<QIIII", self.memory, at + 8, 0, token, 0, WAKE_FRAME_VECTOR, peer)
        struct.pack_into("<Q", self.memory, at, self.epoch() if epoch is None else epoch)

    def close(self):
        self.memory.close()


class RegionWatcher(Region):
    def __init__(self, socket_path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SERVER_TIMEOUT_S)
        self.socket.connect(socket_path)
        version, self.peer, (marker, descriptor) = self.message()[0], self.message()[0], self.message()
        if version != 0 or marker != -1 or descriptor is None:
            raise RuntimeError("not an ivshmem server")
        super().__init__(mmap.mmap(descriptor, os.fstat(descriptor).st_size, mmap.MAP_SHARED, mmap.PROT_READ))
        os.close(descriptor)

    def message(self):
        """8 bytes, little-endian and signed, perhaps with a descriptor."""
        data, descriptors, _, _ = socket.recv_fds(self.socket, 8, 1)
        return struct.unpack("<q", data)[0], descriptors[0] if descriptors else None

    def drain(self):
        """Takes and closes what the server sends about other peers, so that its queue for us never fills."""
        self.socket.setblocking(False)
        try:
            while True:
                data, descriptors, _, _ = socket.recv_fds(self.socket, 8, 1)
                for descriptor in descriptors:
                    os.close(descriptor)
                if not data:
                    break
        except BlockingIOError:
            pass

    def close(self):
        self.drain()
        self.memory.close()
        self.socket.close()
