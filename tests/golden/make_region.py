#!/usr/bin/env python3
"""usage: make_region.py VARIANT FILE

Writes a region with one picture into FILE. Follows docs/protocol.md alone, and nothing of the C sources: a second implementation, which shows
that the document says enough and that both understand it alike. VARIANT:

  exact             layout 1.0, every section
  older             records as short as they may be, a header without names, frame queue and slots only
  newer             minor 2: longer records, header and table entries, unknown sections and feature bits, a known section of an unknown major
  major-0 major-2   another layout major
  required-feature  requires a feature that nobody knows
"""
import struct
import sys

MAGIC = b"TRANSOM1"
EPOCH = 0x1122334455667788
REGION_BYTES = 2 << 20
HOST_AREA, HOST_AREA_BYTES = 65536, 262144
BANDS, DAMAGE, HISTORY, CURSOR, CLOCK, DOORBELL, MESSAGES, CLIPBOARD = (1 << bit for bit in range(8))
STATUS, QUEUE, SLOTS, CURSOR_SECTION, RING_TO_HOST, RING_TO_GUEST, CLOCK_SECTION = range(1, 8)

WIDTH, HEIGHT, PITCH = 320, 200, 1280
SLOT_BYTES, SLOT_COUNT = 262144, 2  # 1280 * 200 = 256 000, rounded up to 65 536
SEQUENCE, SLOT = 7, 1
UNKNOWN = b"\xa5"  # what a newer agent puts where an older reader must not look


def align(value, to):
    return (value + to - 1) // to * to


def picture():
    rows = []
    for y in range(HEIGHT):
        row = bytearray(UNKNOWN * PITCH)
        for x in range(WIDTH):
            row[4 * x : 4 * x + 4] = bytes(((3 * x + y) & 255, (x + 5 * y) & 255, (x ^ y) & 255, 255))
        rows.append(bytes(row))
    return b"".join(rows)


def record(sequence, body, length):
    """Sequence first and last; what 1.0 does not know in between is somebody else's."""
    body = struct.pack("<Q", sequence) + body
    return body + UNKNOWN * (length - 8 - len(body)) + struct.pack("<Q", sequence)


def rectangles(*rects):
    return b"".join(struct.pack("<4H", *rect) for rect in rects).ljust(256, b"\0")


def descriptor(length):
    full_damage = 1
    body = struct.pack("<6I", 1, full_damage, WIDTH, HEIGHT, PITCH, 0)
    body += struct.pack("<3Q2I", 0, 1000, 2000, 0, 1) + rectangles((0, 0, WIDTH, HEIGHT))
    return record(SEQUENCE, body, length)


def history(length):
    return record(SEQUENCE, struct.pack("<Q2I", 0, 1, 0) + rectangles(), length)


def queue_section(slots_offset, descriptor_bytes, progress_bytes, history_bytes, history_count):
    words, revoked, descriptors = 64, 128, 256
    progress = descriptors + SLOT_COUNT * descriptor_bytes
    entries = progress + SLOT_COUNT * progress_bytes
    out = bytearray(entries + history_count * history_bytes)
    out[:64] = struct.pack(
        "<12I2Q", 0, SLOT_COUNT, words, revoked, descriptors, progress, entries if history_count else 0, descriptor_bytes, progress_bytes,
        history_bytes, history_count, 0, slots_offset, SLOT_BYTES)
    out[words : words + 16] = struct.pack("<2Q", SEQUENCE << 16 | SLOT, SEQUENCE << 16 | SLOT)
    at = descriptors + SLOT * descriptor_bytes
    out[at : at + descriptor_bytes] = descriptor(descriptor_bytes)
    at = progress + SLOT * progress_bytes
    complete = 2
    words_of_progress = struct.pack("<3Q", SEQUENCE << 24 | complete << 20 | HEIGHT, 3000, 4000)
    out[at : at + progress_bytes] = words_of_progress.ljust(progress_bytes, UNKNOWN)[:progress_bytes]
    if history_count:
        at = entries + SEQUENCE % history_count * history_bytes
        out[at : at + history_bytes] = history(history_bytes)
    return bytes(out)


def cursor_section(record_bytes):
    state_bytes, shapes, stride, pitch = record_bytes, 64 + align(record_bytes, 64), record_bytes + 4096, 128
    out = bytearray(shapes + 3 * stride)
    out[:28] = struct.pack("<7I", 0, 3, 64, shapes, state_bytes, stride, record_bytes)
    shape_sequence, shape_slot = 5, 2
    state = struct.pack("<2i2I2Q", 100, -3, 1, 0, shape_sequence << 16 | shape_slot, 500)
    out[64 : 64 + state_bytes] = record(9, state, state_bytes)
    colour = 1
    shape = record(shape_sequence, struct.pack("<8I", colour, 32, 32, pitch, 4, 6, pitch * 32, 0), record_bytes)
    at = shapes + shape_slot * stride
    out[at : at + stride] = shape + bytes(i & 255 for i in range(4096))
    return bytes(out)


def status_section():
    text = struct.pack("<2I", 2, 0) + b"a picture from Python".ljust(168, b"\0")
    return struct.pack("<3Q", 1, 0, 0).ljust(64, b"\0") + record(1, text, 192)


def ring_sections(channel, data_bytes):
    to_host = struct.pack("<2I", 0, 0).ljust(64, b"\0") + struct.pack("<2I", 128, data_bytes).ljust(64, b"\0") + bytes(data_bytes)
    return [(RING_TO_HOST, channel, 1, to_host), (RING_TO_GUEST, channel, 1, bytes(128))]


class Variant:
    minor, major = 0, 1
    header_bytes, entry_bytes = 128, 32
    descriptor_bytes, progress_bytes, history_bytes, history_count = 384, 64, 320, 64
    cursor_bytes = 64
    offered, required = 0xFF, BANDS
    optional = True
    unknown_sections = []


class Older(Variant):
    header_bytes = 64
    descriptor_bytes, progress_bytes, history_bytes, history_count = 328, 8, 0, 0
    offered, required, optional = DAMAGE, 0, False


class Newer(Variant):
    minor = 2
    header_bytes, entry_bytes = 192, 48
    descriptor_bytes, progress_bytes, history_bytes, history_count = 512, 128, 400, 16
    cursor_bytes = 128
    offered = 0xFF | 1 << 20 | 1 << 63
    # an unknown type; a known type of an unknown major, whose contents mean nothing to us; a second head's cursor without a queue
    unknown_sections = [(99, 0, 1, UNKNOWN * 4096), (CURSOR_SECTION, 0, 2, UNKNOWN * 4096), (QUEUE, 1, 2, UNKNOWN * 64), (99, 1, 7, b"")]


class MajorZero(Variant):
    major = 0


class MajorTwo(Variant):
    major = 2


class RequiredFeature(Variant):
    offered, required = 0xFF | 1 << 40, 1 << 40


VARIANTS = {"exact": Variant, "older": Older, "newer": Newer, "major-0": MajorZero, "major-2": MajorTwo,
            "required-feature": RequiredFeature}


def sections_of(variant, slots_offset):
    queue = queue_section(slots_offset, variant.descriptor_bytes, variant.progress_bytes, variant.history_bytes, variant.history_count)
    sections = list(variant.unknown_sections) + [(QUEUE, 0, 1, queue)]
    if variant.optional:
        sections += [(STATUS, 0, 1, status_section()), (CLOCK_SECTION, 0, 1, bytes(16 * 64)),
                     (CURSOR_SECTION, 0, 1, cursor_section(variant.cursor_bytes))]
        sections += ring_sections(0, 16384) + ring_sections(1, 65536)
    return sections


def header(variant, table_offset, section_count):
    out = MAGIC + struct.pack("<Q2HIQI2H2Q2I", EPOCH, variant.major, variant.minor, variant.header_bytes, REGION_BYTES, table_offset,
                              section_count, variant.entry_bytes, variant.offered, variant.required, HOST_AREA, HOST_AREA_BYTES)
    out += b"make_region.py".ljust(32, b"\0") + b"golden".ljust(32, b"\0")
    return out.ljust(variant.header_bytes, UNKNOWN)[: variant.header_bytes]


def region(variant):
    out = bytearray(REGION_BYTES)
    table_offset, slots_offset = 4096, REGION_BYTES - SLOT_COUNT * SLOT_BYTES
    end, table = HOST_AREA + HOST_AREA_BYTES, b""
    placed = []
    for kind, instance, major, contents in sections_of(variant, slots_offset):
        end = align(end, 64)
        placed.append((kind, instance, major, end, contents))
        end += len(contents)
    assert end <= slots_offset
    placed.append((SLOTS, 0, 1, slots_offset, bytes(SLOT_BYTES) + picture().ljust(SLOT_BYTES, UNKNOWN)))
    for kind, instance, major, offset, contents in placed:
        out[offset : offset + len(contents)] = contents
        table += struct.pack("<2I2HI2Q", kind, instance, major, 0, 0, offset, len(contents)).ljust(variant.entry_bytes, UNKNOWN)
    out[table_offset : table_offset + len(table)] = table
    start = header(variant, table_offset, len(placed))
    if len(start) < 128:  # an older header is followed by whatever: here by what must not be taken for names
        start += UNKNOWN * (128 - len(start))
    out[: len(start)] = start
    return out


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in VARIANTS:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[2], "wb") as file:
        file.write(region(VARIANTS[sys.argv[1]]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
