#include "host/present/pixel_convert.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define WHITE_NITS 203.0 /* ITU-R BT.2408: SDR white in an HDR picture */

static_assert(offsetof(struct pixel_convert, root_to_srgb) == 65536 && offsetof(struct pixel_convert, pq_to_linear) == 69636,
              "picture.frag knows these offsets");

static double srgb_encode(double linear) {
  if (!(linear > 0)) /* NaN too */
    return 0;
  if (linear >= 1)
    return 1;
  return linear <= 0.0031308 ? linear * 12.92 : 1.055 * pow(linear, 1 / 2.4) - 0.055;
}

static double half_value(uint32_t half) {
  uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
  double value = exponent == 0    ? ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                  : ldexp(1024 + mantissa, (int)exponent - 25);
  return half & 0x8000 ? -value : value;
}

/* SMPTE ST 2084, nits. */
static double pq_decode(double code) {
  const double m1 = 2610.0 / 16384, m2 = 2523.0 / 32, c1 = 3424.0 / 4096, c2 = 2413.0 / 128, c3 = 2392.0 / 128;
  double p = pow(code, 1 / m2);
  return 10000 * pow(fmax(p - c1, 0) / (c2 - c3 * p), 1 / m1);
}

struct pixel_convert *pixel_convert_create(void) {
  struct pixel_convert *convert = malloc(sizeof *convert);
  if (!convert)
    return NULL;
  for (uint32_t i = 0; i < 65536; i++)
    convert->half_to_srgb[i] = (uint8_t)(srgb_encode(half_value(i)) * 255 + 0.5);
  for (uint32_t i = 0; i <= PIXEL_CONVERT_ROOTS; i++) {
    double root = (double)i / PIXEL_CONVERT_ROOTS;
    convert->root_to_srgb[i] = (uint8_t)(srgb_encode(root * root) * 255 + 0.5);
  }
  for (uint32_t i = 0; i < 1024; i++)
    convert->pq_to_linear[i] = (float)(pq_decode(i / 1023.0) / WHITE_NITS);
  return convert;
}

void pixel_convert_destroy(struct pixel_convert *convert) { free(convert); }

static uint8_t encode(const struct pixel_convert *convert, float linear) {
  float bounded = linear < 0 ? 0 : linear > 1 ? 1 : linear;
  return convert->root_to_srgb[(uint32_t)(sqrtf(bounded) * PIXEL_CONVERT_ROOTS + 0.5f)];
}

/* BT.2020 primaries to BT.709's. */
static void store_pq(const struct pixel_convert *convert, uint32_t word, uint8_t *to) {
  float r = convert->pq_to_linear[word & 1023], g = convert->pq_to_linear[word >> 10 & 1023], b = convert->pq_to_linear[word >> 20 & 1023];
  to[0] = encode(convert, -0.0182f * r - 0.1006f * g + 1.1187f * b);
  to[1] = encode(convert, -0.1246f * r + 1.1329f * g - 0.0083f * b);
  to[2] = encode(convert, 1.6605f * r - 0.5877f * g - 0.0728f * b);
  to[3] = 255;
}

static uint8_t ten_to_eight(uint32_t ten) { return (uint8_t)((ten * 255 + 511) / 1023); }

static void row_rgb10(const uint32_t *from, uint8_t *to, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, to += 4) {
    uint32_t word = from[x];
    to[0] = ten_to_eight(word >> 20 & 1023);
    to[1] = ten_to_eight(word >> 10 & 1023);
    to[2] = ten_to_eight(word & 1023);
    to[3] = 255;
  }
}

void pixel_convert_row(const struct pixel_convert *convert, enum transom_format format, bool pq, const volatile uint8_t *from, uint8_t *to,
                       uint32_t width) {
  /* Not volatile, so that loops are vectorised: a pixel that changes under us makes a torn picture, which is never shown, and every
   * table is indexed by all the bits there are. */
  const uint32_t *words = (const uint32_t *)(uintptr_t)from;
  const uint16_t *halves = (const uint16_t *)(uintptr_t)from;
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
    for (uint32_t x = 0; x < width; x++)
      ((uint32_t *)(void *)to)[x] = words[x] | 0xff000000u;
    return;
  case TRANSOM_FORMAT_RGBA8:
    for (uint32_t x = 0; x < width; x++) {
      uint32_t word = words[x];
      ((uint32_t *)(void *)to)[x] = 0xff000000u | (word & 0xff00) | (word & 0xff) << 16 | (word >> 16 & 0xff);
    }
    return;
  case TRANSOM_FORMAT_RGB10A2:
    if (!pq)
      row_rgb10(words, to, width);
    else
      for (uint32_t x = 0; x < width; x++)
        store_pq(convert, words[x], to + 4 * x);
    return;
  case TRANSOM_FORMAT_RGBA16F:
    for (uint32_t x = 0; x < width; x++, to += 4, halves += 4) {
      to[0] = convert->half_to_srgb[halves[2]];
      to[1] = convert->half_to_srgb[halves[1]];
      to[2] = convert->half_to_srgb[halves[0]];
      to[3] = 255;
    }
    return;
  }
  assert(!"a format that the gate lets through and we do not know");
}
