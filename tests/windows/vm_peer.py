"""A peer of transom-serve that keeps its doorbells: as QEMU, whose interrupts it passes on, or as somebody on the host who rings."""
import os
import select
import socket
import struct

from rig.failure import StepFailed

TIMEOUT_S = 10


class VmPeer:
    def __init__(self, socket_path, vectors):
        self.vectors, self.bells = vectors, {}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(socket_path)
        version, self.peer, (marker, self.memory) = self.message()[0], self.message()[0], self.message()
        if version != 0 or marker != -1 or self.memory is None:
            raise StepFailed("not an ivshmem server")
        while len(self.bells.get(self.peer, ())) < vectors:
            self.take()

    def message(self):
        """8 bytes, little-endian and signed, perhaps with a descriptor."""
        data, descriptors, _, _ = socket.recv_fds(self.socket, 8, 1)
        return struct.unpack("<q", data)[0], descriptors[0] if descriptors else None

    def take(self):
        """Each peer's doorbells come one after the other, in the order of its vectors."""
        peer, bell = self.message()
        if bell is not None:
            self.bells.setdefault(peer, []).append(bell)

    def ring(self, peer, vector):
        while len(self.bells.get(peer, ())) <= vector:
            self.take()
        os.write(self.bells[peer][vector], struct.pack("<Q", 1))

    def await_ring(self, vector):
        """What QEMU makes an interrupt of."""
        bell = self.bells[self.peer][vector]
        if not select.select([bell], [], [], TIMEOUT_S)[0]:
            raise StepFailed(f"nobody rang vector {vector}")
        os.read(bell, 8)

    def memory_path(self):
        return f"/proc/{os.getpid()}/fd/{self.memory}"

    def close(self):
        for bell in [bell for bells in self.bells.values() for bell in bells] + [self.memory]:
            os.close(bell)
        self.socket.close()
