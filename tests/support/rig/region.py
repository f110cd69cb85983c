"""Looks into a live region as one more ivshmem peer: the numbers that tests wait for. Offsets as in docs/protocol.md; reads only."""
import mmap
import os
import socket
import struct

SERVER_TIMEOUT_S = 5
GUEST_HEADER = struct.Struct("<QQHHIQIHHQQII")
SECTION = struct.Struct("<IIHHIQQ")
MAGIC = int.from_bytes(b"TRANSOM1", "little")
SECTION_FRAME_QUEUE = 2
WORDS_OFFSET_FIELD = 8
CONSUMER_LINES = 65536 + 4096
CONSUMER_LINE_BYTES = 64
CONSUMERS = 16
CONSUMER_SEEN_FIELD = 48


class RegionWatcher:
    def __init__(self, socket_path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SERVER_TIMEOUT_S)
        self.socket.connect(socket_path)
        version, self.peer, (marker, descriptor) = self.message()[0], self.message()[0], self.message()
        if version != 0 or marker != -1 or descriptor is None:
            raise RuntimeError("not an ivshmem server")
        self.memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size, mmap.MAP_SHARED, mmap.PROT_READ)
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

    def epoch(self):
        """0 while nobody has formatted the region."""
        magic, epoch = struct.unpack_from("<QQ", self.memory, 0)
        return epoch if magic == MAGIC else 0

    def frame_queue_offset(self, head=0):
        header = GUEST_HEADER.unpack_from(self.memory, 0)
        table, count, entry_bytes = header[6], header[7], header[8]
        for index in range(count):
            section = SECTION.unpack_from(self.memory, table + index * entry_bytes)
            if section[0] == SECTION_FRAME_QUEUE and section[1] == head:
                return section[5]
        return None

    def newest_sequence(self):
        """Of the newest complete frame; 0 = none."""
        self.drain()
        queue = self.frame_queue_offset() if self.epoch() else None
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

    def close(self):
        self.drain()
        self.memory.close()
        self.socket.close()
