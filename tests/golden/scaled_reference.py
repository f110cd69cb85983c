#!/usr/bin/env python3
"""A picture scaled by Pillow, for test_quality.c to compare with: Pillow's Lanczos (three lobes) knows nothing of libplacebo's.

usage: scaled_reference.py WIDTH HEIGHT TO_WIDTH TO_HEIGHT      R, G, B on standard input; on standard output first by Lanczos in linear
light (upwards in sigmoid light, as libplacebo documents pl_sigmoid_params: centre 0.75, slope 6.5), then by bilinear in sRGB.
Exit status 77: Pillow or NumPy is not installed.
"""

import sys

try:
    import numpy
    from PIL import Image
except ImportError:
    sys.exit(77)

CENTRE, SLOPE = 0.75, 6.5


def linear(code):
    return numpy.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def encoded(light):
    light = numpy.clip(light, 0, 1)
    return numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def logistic(value):
    return 1 / (1 + numpy.exp(SLOPE * (CENTRE - value)))


def sigmoid(light):
    low, high = logistic(0.0), logistic(1.0)
    return CENTRE - numpy.log(1 / (light * (high - low) + low) - 1) / SLOPE


def from_sigmoid(value):
    low, high = logistic(0.0), logistic(1.0)
    return (logistic(numpy.clip(value, 0, 1)) - low) / (high - low)


def resized(plane, size, method):
    return numpy.asarray(Image.fromarray(plane.astype(numpy.float32), "F").resize(size, method), dtype=numpy.float64)


def scaled(picture, size, method, before, after):
    planes = [after(resized(before(picture[:, :, channel]), size, method)) for channel in range(3)]
    return (numpy.clip(numpy.stack(planes, axis=2), 0, 1) * 255 + 0.5).astype(numpy.uint8)


def main():
    width, height, to_width, to_height = (int(word) for word in sys.argv[1:5])
    picture = numpy.frombuffer(sys.stdin.buffer.read(width * height * 3), dtype=numpy.uint8).reshape(height, width, 3) / 255
    upwards, size = to_width > width, (to_width, to_height)
    before = (lambda code: sigmoid(linear(code))) if upwards else linear
    after = (lambda value: encoded(from_sigmoid(value))) if upwards else encoded
    sys.stdout.buffer.write(scaled(picture, size, Image.LANCZOS, before, after).tobytes())
    sys.stdout.buffer.write(scaled(picture, size, Image.BILINEAR, lambda code: code, lambda code: code).tobytes())


main()
