#!/usr/bin/env python3
"""usage: test_show_region.py TRANSOM

The viewer shows the picture of each region of make_region.py that it can read, pixel by pixel and with the cursor where there is one, and
says why it shows none of the others."""
import os
import struct
import subprocess
import sys
import tempfile
import zlib

from make_region import HEIGHT, PITCH, VARIANTS, WIDTH, picture, region

SHOWN = ("exact", "older", "newer")
REFUSED = {"major-0": "too old", "major-2": "too new", "required-feature": "feature"}
TIMEOUT_S = 30


def unfilter(kind, line, above, step):
    """One scan line of a PNG (its section 9.2)."""
    for i, value in enumerate(line):
        left = line[i - step] if i >= step else 0
        up = above[i]
        corner = above[i - step] if i >= step else 0
        paeth = min((abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))[2]
        line[i] = (value + (0, left, up, (left + up) // 2, paeth)[kind]) & 255
    return line


def read_png(path):
    """Rows of 8-bit RGB."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, packed, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">2I5B", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    assert size == (WIDTH, HEIGHT, 8, 2, 0, 0, 0), f"another picture: {size}"
    raw, stride, rows = zlib.decompress(packed), WIDTH * 3 + 1, []
    for y in range(HEIGHT):
        line = bytearray(raw[y * stride + 1 : (y + 1) * stride])
        rows.append(unfilter(raw[y * stride], line, rows[-1] if rows else bytes(WIDTH * 3), 3))
    return rows


def shown_pixel(pixels, x, y, has_cursor):
    """Red, green, blue as they must be seen. The cursor: 32 x 32 BGRA with straight alpha, its byte i is i & 255, its corner at 96, -9."""
    at = y * PITCH + 4 * x
    below = (pixels[at + 2], pixels[at + 1], pixels[at])
    column, row = x - (100 - 4), y - (-3 - 6)
    if not has_cursor or not (0 <= column < 32 and 0 <= row < 32):
        return below, 0
    blue, green, red, alpha = (128 * row + 4 * column + i & 255 for i in range(4))
    blended = tuple((over * alpha + under * (255 - alpha)) / 255 for over, under in zip((red, green, blue), below))
    return blended, 1  # rounding is the presenter's own


def wrong_pixels(rows, has_cursor):
    pixels, wrong = picture(), 0
    for y in range(HEIGHT):
        for x in range(WIDTH):
            expected, tolerance = shown_pixel(pixels, x, y, has_cursor)
            wrong += any(abs(a - b) > tolerance for a, b in zip(rows[y][3 * x : 3 * x + 3], expected))
    return wrong


def view(transom, path, *options):
    return [transom, "view", "--region", path, "--renderer", "headless", *options]


def check_shown(transom, path, directory, has_cursor):
    screenshot = os.path.join(directory, "shown.png")
    subprocess.run(view(transom, path, "--screenshot", screenshot, "--frames", "1"), check=True, timeout=TIMEOUT_S)
    wrong = wrong_pixels(read_png(screenshot), has_cursor)
    return "" if wrong == 0 else f"{wrong} of {WIDTH * HEIGHT} pixels differ"


def check_refused(transom, path, reason):
    """The viewer goes on waiting for an agent that it can read, so we end it once it has said its line."""
    with subprocess.Popen(view(transom, path), stderr=subprocess.PIPE, text=True) as viewer:
        said = []
        for line in viewer.stderr:
            said.append(line)
            if "incompatible" in line:
                break
        viewer.terminate()
    return "" if said and reason in said[-1] else f"does not say '{reason}': {''.join(said)}"


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="transom-golden-") as directory:
        for name, variant in VARIANTS.items():
            path = os.path.join(directory, name)
            with open(path, "wb") as file:
                file.write(region(variant))
            if name in SHOWN:
                fault = check_shown(sys.argv[1], path, directory, variant.optional)
            else:
                fault = check_refused(sys.argv[1], path, REFUSED[name])
            print(f"{name}: {fault or 'fine'}")
            failed += bool(fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
