#include "guest/core/pixel_convert.h"

#include <string.h>

/* Five and six bits to eight: the high bits repeat below, so that full stays full. */
void pixel_convert_rgb565_to_bgra8(void *to, const void *from, uint32_t width) {
  uint8_t *out = to;
  const uint8_t *in = from;
  for (uint32_t x = 0; x < width; x++, in += 2, out += 4) {
    const uint32_t pixel = (uint32_t)in[0] | (uint32_t)in[1] << 8;
    const uint32_t red = pixel >> 11, green = pixel >> 5 & 63, blue = pixel & 31;
    out[0] = (uint8_t)(blue << 3 | blue >> 2);
    out[1] = (uint8_t)(green << 2 | green >> 4);
    out[2] = (uint8_t)(red << 3 | red >> 2);
    out[3] = 255;
  }
}

void pixel_convert_bgr888_to_bgra8(void *to, const void *from, uint32_t width) {
  uint8_t *out = to;
  const uint8_t *in = from;
  for (uint32_t x = 0; x < width; x++, in += 3, out += 4) {
    memcpy(out, in, 3);
    out[3] = 255;
  }
}

void pixel_convert_xrgb2101010_to_rgb10a2(void *to, const void *from, uint32_t width) {
  uint8_t *out = to;
  const uint8_t *in = from;
  for (uint32_t x = 0; x < width; x++, in += 4, out += 4) {
    uint32_t pixel;
    memcpy(&pixel, in, sizeof pixel);
    pixel = (pixel & 0xc00ffc00u) | (pixel & 0x3ff) << 20 | (pixel >> 20 & 0x3ff);
    memcpy(out, &pixel, sizeof pixel);
  }
}

static uint32_t straighten(uint32_t value, uint32_t alpha) {
  const uint32_t straight = (value * 255 + alpha / 2) / alpha;
  return straight < 255 ? straight : 255;
}

void pixel_convert_straighten(uint32_t *pixels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t pixel = pixels[i], alpha = pixel >> 24;
    if (alpha == 0 || alpha == 255)
      continue;
    pixels[i] = alpha << 24 | straighten(pixel >> 16 & 255, alpha) << 16 | straighten(pixel >> 8 & 255, alpha) << 8 |
                straighten(pixel & 255, alpha);
  }
}
