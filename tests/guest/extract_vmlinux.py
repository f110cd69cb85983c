"""Takes the ELF image out of a compressed Linux kernel (bzImage).

QEMU starts such an image directly by its PVH entry and so skips the kernel's own decompressor, which costs three seconds under emulation.
"""
import lzma
import struct
import subprocess

SETUP_SECTORS = 0x1F1  # one byte; 0 means 4 (Documentation/x86/boot.rst)
PAYLOAD_OFFSET = 0x248  # two 32-bit words: offset from the protected-mode code, and length
DECOMPRESSORS = {
    b"\x1f\x8b": ["gzip", "-dc"],
    b"\x28\xb5\x2f\xfd": ["zstd", "-dc"],
    b"\x02\x21\x4c\x18": ["lz4", "-dc"],
    b"BZh": ["bzip2", "-dc"],
}


def payload(bzimage):
    sectors = bzimage[SETUP_SECTORS] or 4
    offset, length = struct.unpack_from("<II", bzimage, PAYLOAD_OFFSET)
    begin = (sectors + 1) * 512 + offset
    return bzimage[begin : begin + length]


def decompress(data):
    if data.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(data)  # stops at the stream's end; the kernel appends its size
    for magic, command in DECOMPRESSORS.items():
        if data.startswith(magic):
            return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    raise ValueError(f"kernel payload begins with {data[:6].hex()}: no compression that we know")


def vmlinux(bzimage):
    image = decompress(payload(bzimage))
    if not image.startswith(b"\x7fELF"):
        raise ValueError("the kernel's payload is no ELF image")
    return image
