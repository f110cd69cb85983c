"""Builds an initial RAM disk in memory: files, links, programs with all the libraries that they need, as a `newc` cpio archive."""
import hashlib
import os
import stat
import subprocess


class Initrd:
    def __init__(self):
        self.entries = {}  # path without leading slash -> (mode, content)

    def directory(self, path):
        path = path.strip("/")
        if path and path not in self.entries:
            self.directory(os.path.dirname(path))
            self.entries[path] = (stat.S_IFDIR | 0o755, b"")

    def file(self, path, content, mode=0o644):
        path = path.strip("/")
        self.directory(os.path.dirname(path))
        self.entries[path] = (stat.S_IFREG | mode, content)

    def copy(self, path, source, mode=0o644):
        with open(source, "rb") as file:
            self.file(path, file.read(), mode)

    def link(self, path, target):
        path = path.strip("/")
        self.directory(os.path.dirname(path))
        self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())

    def program(self, path, source):
        """A program with its loader and shared libraries, each at the path where the host has it."""
        self.copy(path, source, 0o755)
        for library in libraries(source):
            if library.strip("/") not in self.entries:
                self.copy(library, library, 0o755)

    def digest(self):
        hasher = hashlib.sha256()
        for path, (mode, content) in sorted(self.entries.items()):
            hasher.update(f"{path}\0{mode:o}\0{len(content)}\0".encode() + content)
        return hasher.hexdigest()[:16]

    def archive(self):
        parts = [record(path, mode, content, number) for number, (path, (mode, content)) in enumerate(sorted(self.entries.items()), 1)]
        return b"".join(parts) + record("TRAILER!!!", 0, b"", 0)


def libraries(program):
    """What ldd lists, by path: `name => /path (address)` and the loader's `/path (address)`. None for a static program."""
    listing = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    missing = [line.split()[0] for line in listing.splitlines() if "not found" in line]
    if missing:
        raise RuntimeError(f"{program} needs {', '.join(missing)}, which this machine does not have")
    return [word for line in listing.splitlines() for word in line.split()[:3] if word.startswith("/")]


def record(path, mode, content, number):
    """One member: a header of 8-digit hexadecimal fields, the name, the content, each padded to 4 bytes."""
    name = path.encode() + b"\0"
    fields = [number, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(content), 0, 0, 0, 0, len(name), 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return pad(header + name) + pad(content)


def pad(data):
    return data + b"\0" * (-len(data) % 4)
