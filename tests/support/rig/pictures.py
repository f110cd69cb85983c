"""Pictures as other programs hand them out (PPM, XWD), their comparison pixel by pixel, and PNG to look at."""
import pathlib
import struct
import zlib

XWD_FIELDS = 25
XWD_LSB_FIRST = 0
STRIP_MAGIC, STRIP_BITS, STRIP_CELL = 0x7A5C, 96, 4


class Picture:
    """`pixels` holds red, green, blue, one byte each."""

    def __init__(self, width, height, pixels):
        assert len(pixels) == width * height * 3
        self.width, self.height, self.pixels = width, height, bytes(pixels)

    def wrong_pixels(self, other):
        """How many pixels differ; every pixel of the larger one when the sizes do."""
        if (self.width, self.height) != (other.width, other.height):
            return max(self.width * self.height, other.width * other.height)
        if self.pixels == other.pixels:
            return 0
        mine, theirs = memoryview(self.pixels), memoryview(other.pixels)
        return sum(mine[i : i + 3] != theirs[i : i + 3] for i in range(0, len(mine), 3))


def parse_ppm(data):
    """Binary PPM (P6) with 8 bits a channel, as QEMU's screendump writes it."""
    magic, width, height, maximum = data.split(None, 4)[:4]
    if magic != b"P6" or maximum != b"255":
        raise ValueError("not an 8-bit P6 picture")
    width, height = int(width), int(height)
    return Picture(width, height, data[len(data) - width * height * 3 :])


def parse_xwd(data):
    """A TrueColor dump with 32 bits a pixel, as xwd writes it (X11/XWDFile.h): header, name, colours, rows. 24 bits where windows of several
    visuals lie on the screen: xwd then puts the picture together itself."""
    field = struct.unpack_from(f">{XWD_FIELDS}I", data)
    width, height, byte_order, bits, row_bytes, colours = field[4], field[5], field[7], field[11], field[12], field[19]
    if bits not in (24, 32) or byte_order != XWD_LSB_FIRST or field[14:17] != (0xFF0000, 0xFF00, 0xFF):
        raise ValueError(f"xwd: {bits} bits a pixel, masks {field[14:17]}: only BGR and BGRX are known here")
    begin = field[0] + colours * 12
    step = bits // 8
    rows = b"".join(data[begin + y * row_bytes : begin + y * row_bytes + width * step] for y in range(height))
    pixels = bytearray(width * height * 3)
    pixels[0::3], pixels[1::3], pixels[2::3] = rows[2::step], rows[1::step], rows[0::step]
    return Picture(width, height, pixels)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(picture, path):
    row_bytes = picture.width * 3
    rows = b"".join(b"\0" + picture.pixels[y * row_bytes : (y + 1) * row_bytes] for y in range(picture.height))
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows, 9)) + png_chunk(b"IEND", b""))


def first_row(path):
    """Red, green, blue of a PNG's uppermost row. Above it is nothing, so two of the five filters are others in disguise."""
    data = pathlib.Path(path).read_bytes()
    width, at, packed = struct.unpack_from(">I", data, 16)[0], 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    rows = zlib.decompressobj().decompress(packed, 1 + width * 3)
    row = bytearray(rows[1 : 1 + width * 3])
    for i in range(3, len(row)):
        row[i] = (row[i] + {1: row[i - 3], 3: row[i - 3] // 2, 4: row[i - 3]}.get(rows[0], 0)) & 255
    return row


def card_counter(path):
    """Of the test card in a PNG, as the format's description says (common/test_card_strip.h); None = it is no card of 384 pixels or more."""
    row = first_row(path)
    bits = int("".join("1" if row[(i * STRIP_CELL + 1) * 3] > 127 else "0" for i in range(STRIP_BITS)), 2)
    return bits >> 48 & 0xFFFFFFFF if bits >> 80 == STRIP_MAGIC else None
