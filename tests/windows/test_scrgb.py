"""A desktop in scRGB (halves) made into ten bits: what the GPU's pass and the processor make of every half and of random colours, against
arithmetic of our own, from the standards' formulas and the primaries' chromaticities, in double precision."""
import functools
import math
import os
import struct

from rig.wine import windows_path

WIDTH, HEIGHT = 331, 220
BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
D65 = (0.3127, 0.3290)
CODES = 1023
NEIGHBOUR = 1  # codes
# How many codes may be the neighbour. The processor's table is exact: without a sum before it none, with one, which is of single precision,
# those within 1e-6 of a border. A GPU's pow() is as good as its exp2 and log2, and PQ's exponent of 78.8 multiplies their error: Mesa's are
# polynomials that err by up to half a code, so any code may be the neighbour there, and none is farther.
EXACT, SUMMED, GPU = 0, 1e-3, 1


def solve(matrix, vector):
    """Cramer's rule, 3x3."""

    def determinant(m):
        (a, b, c), (d, e, f), (g, h, i) = m
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    whole = determinant(matrix)
    return [determinant([[vector[r] if c == column else matrix[r][c] for c in range(3)] for r in range(3)]) / whole for column in range(3)]


def to_xyz(primaries):
    """SMPTE RP 177: columns are the primaries, scaled so that their sum is the white."""
    columns = [(x / y, 1, (1 - x - y) / y) for x, y in primaries]
    matrix = [[column[row] for column in columns] for row in range(3)]
    scale = solve(matrix, (D65[0] / D65[1], 1, (1 - D65[0] - D65[1]) / D65[1]))
    return [[matrix[r][c] * scale[c] for c in range(3)] for r in range(3)]


def gamut_matrix():
    source, target = to_xyz(BT709), to_xyz(BT2020)
    columns = [solve(target, [source[row][column] for row in range(3)]) for column in range(3)]
    return [[columns[c][r] for c in range(3)] for r in range(3)]


def pq_code(nits):
    power = (max(nits, 0) / 10000) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def srgb_code(value):
    value = min(max(value, 0), 1)
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def nearest(code):
    return int(min(code, 1) * CODES + 0.5)


TO_2020 = gamut_matrix()


@functools.lru_cache(None)
def expected_pq(rgb):
    return [nearest(pq_code(80 * sum(weight * value for weight, value in zip(row, rgb)))) for row in TO_2020]


@functools.lru_cache(None)
def expected_srgb(rgb):
    return [nearest(srgb_code(value)) for value in rgb]


def read(directory, name, form):
    with open(os.path.join(directory, name), "rb") as file:
        return list(struct.iter_unpack(form, file.read()))


def compare(pixels, words, expected):
    """(pixels, components off by one, components farther off). NaN and infinities are left out: no compositor makes them."""
    assert len(pixels) == len(words) == WIDTH * HEIGHT
    off_by_one = farther = compared = 0
    for pixel, (word,) in zip(pixels, words):
        rgb = pixel[:3]
        if not all(map(math.isfinite, rgb)):
            continue
        compared += 1
        for shift, code in zip((0, 10, 20), expected(rgb)):
            distance = abs((word >> shift & CODES) - code)
            off_by_one += distance == NEIGHBOUR
            farther += distance > NEIGHBOUR
        farther += word >> 30 != 3
    return compared, off_by_one, farther


def check(directory, picture, name, expected, neighbours_most):
    compared, off_by_one, farther = compare(read(directory, picture, "<4e"), read(directory, name, "<I"), expected)
    print(f"       {name}: {compared} pixels, {off_by_one} of {3 * compared} codes off by one, {farther} farther", flush=True)
    assert farther == 0, f"{name}: {farther} codes are wrong"
    assert off_by_one <= neighbours_most * 3 * compared, f"{name}: {off_by_one} codes off by one"


def scrgb_becomes_ten_bits(rig):
    """Whole and by damage, PQ and sRGB, by the GPU's pass, by Direct3D 11 with the processor and by Direct3D 12 with the processor."""
    directory = os.path.join(rig.directory, "scrgb")
    os.mkdir(directory)
    output = rig.wine.require("tests/windows/guest/test_scrgb.exe", windows_path(directory))
    said = [line for line in output.splitlines() if "told to fail" not in line]
    assert not said, f"the GPU's pass was not made: {said}"
    for curve, expected in (("pq", expected_pq), ("srgb", expected_srgb)):
        for way in ("gpu", "staging"):
            most = GPU if way == "gpu" else EXACT if curve == "srgb" else SUMMED
            check(directory, "picture", f"{curve}-{way}", expected, most)
            check(directory, "picture-changed", f"{curve}-{way}-changed", expected, most)
        check(directory, "card", f"{curve}-readback", expected, EXACT if curve == "srgb" else SUMMED)


TESTS = [scrgb_becomes_ten_bits]
