#include "support/test_picture.h"

#include <math.h>
#include <string.h>

uint32_t test_picture_colour(uint64_t sequence, uint32_t x, uint32_t y) {
  uint64_t mixed = (sequence * UINT64_C(0x9e3779b97f4a7c15)) ^ (x * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ (y * UINT64_C(0x165667b19e3779f9));
  mixed ^= mixed >> 29;
  mixed *= UINT64_C(0xbf58476d1ce4e5b9);
  return (uint32_t)(mixed >> 33) & 0xffffff;
}

/* sRGB code to linear light to the nearest half-float. Values 0 .. 1 only. */
static uint16_t half_of(uint32_t code) {
  double s = code / 255.0, linear = s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
  if (linear < 0x1p-14)
    return (uint16_t)lrint(linear * 0x1p24);
  int exponent;
  double fraction = frexp(linear, &exponent); /* linear = fraction * 2^exponent, fraction in [0.5, 1) */
  return (uint16_t)(((exponent + 14) << 10) + lrint((fraction * 2 - 1) * 1024));
}

static void draw_pixel(volatile uint8_t *row, enum transom_format format, uint32_t x, uint32_t colour) {
  uint32_t r = colour >> 16, g = colour >> 8 & 255, b = colour & 255;
  uint32_t alpha = (colour * 7 + x) & 255; /* means nothing */
  uint32_t word = 0;
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
    word = alpha << 24 | r << 16 | g << 8 | b;
    break;
  case TRANSOM_FORMAT_RGBA8:
    word = alpha << 24 | b << 16 | g << 8 | r;
    break;
  case TRANSOM_FORMAT_RGB10A2:
    word = (alpha & 3) << 30 | (b * 1023 + 127) / 255 << 20 | (g * 1023 + 127) / 255 << 10 | (r * 1023 + 127) / 255;
    break;
  case TRANSOM_FORMAT_RGBA16F: {
    uint16_t halves[4] = {half_of(r), half_of(g), half_of(b), (uint16_t)alpha};
    memcpy((uint8_t *)(uintptr_t)row + 8 * (size_t)x, halves, 8);
    return;
  }
  }
  memcpy((uint8_t *)(uintptr_t)row + 4 * (size_t)x, &word, 4);
}

void test_picture_draw(volatile uint8_t *pixels, uint32_t pitch_bytes, enum transom_format format, uint64_t sequence,
                       struct transom_rect rect) {
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
    for (uint32_t x = rect.x; x < (uint32_t)rect.x + rect.width; x++)
      draw_pixel(pixels + (size_t)y * pitch_bytes, format, x, test_picture_colour(sequence, x, y));
}
