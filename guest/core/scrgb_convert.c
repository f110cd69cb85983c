#include "guest/core/scrgb_convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX 1023u
#define GUESSES 0x3f81u          /* upper halves of the floats from 0 to 1 */
#define PQ_UNIT (80.0 / 10000.0) /* scRGB's 1.0, where PQ's 1.0 is 10,000 nits */

struct scrgb_convert {
  float matrix[3][3];
  float linear[65536];       /* of each half; without NaN and infinities */
  float first[CODE_MAX + 2]; /* the lowest value of each code; behind the last, infinity */
  uint16_t guess[GUESSES];   /* the code of the lowest float with these upper 16 bits: at most a few too low for the others */
};

/* BT.709's primaries as sums of BT.2020's. */
static const double to_2020[3][3] = {
    {0.627403895935, 0.329283038378, 0.043313065687},
    {0.069097289358, 0.919540395075, 0.011362315566},
    {0.016391438875, 0.088013307877, 0.895595253248},
};

/* ---- tables ---- */

static double srgb_decode(double code) { return code <= 0.04045 ? code / 12.92 : pow((code + 0.055) / 1.055, 2.4); }

static double pq_decode(double code) {
  const double m1 = 2610.0 / 16384, m2 = 2523.0 / 32, c1 = 3424.0 / 4096, c2 = 2413.0 / 128, c3 = 2392.0 / 128;
  const double power = pow(code, 1 / m2);
  return pow(fmax(power - c1, 0) / (c2 - c3 * power), 1 / m1);
}

static float half_value(uint32_t half) {
  const uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 31 && mantissa)
    return 0;
  const double value = exponent == 0 ? ldexp(mantissa, -24) : exponent == 31 ? 65504 : ldexp(1024 + mantissa, (int)exponent - 25);
  return (float)(half & 0x8000 ? -value : value);
}

/* The lowest float that is not below `value`, so that comparing floats is as exact as comparing with `value` itself. */
static float not_below(double value) {
  const float near = (float)value;
  return (double)near < value ? nextafterf(near, INFINITY) : near;
}

static void fill_codes(struct scrgb_convert *convert, double (*decode)(double)) {
  convert->first[0] = 0;
  for (uint32_t code = 1; code <= CODE_MAX; code++)
    convert->first[code] = not_below(decode((code - 0.5) / CODE_MAX));
  convert->first[CODE_MAX + 1] = INFINITY;
  uint16_t code = 0;
  for (uint32_t upper = 0; upper < GUESSES; upper++) {
    const uint32_t bits = upper << 16;
    float lowest;
    memcpy(&lowest, &bits, sizeof lowest);
    while (lowest >= convert->first[code + 1])
      code++;
    convert->guess[upper] = code;
  }
}

static void fill_matrix(struct scrgb_convert *convert, bool pq) {
  for (int row = 0; row < 3; row++) {
    for (int column = 0; column < 3; column++)
      convert->matrix[row][column] = pq ? (float)(to_2020[row][column] * PQ_UNIT) : row == column;
  }
}

struct scrgb_convert *scrgb_convert_create(bool pq) {
  struct scrgb_convert *convert = malloc(sizeof *convert);
  if (!convert)
    return NULL;
  for (uint32_t half = 0; half < 65536; half++)
    convert->linear[half] = half_value(half);
  fill_codes(convert, pq ? pq_decode : srgb_decode);
  fill_matrix(convert, pq);
  return convert;
}

void scrgb_convert_destroy(struct scrgb_convert *convert) { free(convert); }

/* ---- pixels ---- */

static uint32_t encode(const struct scrgb_convert *convert, float value) {
  if (!(value > 0))
    return 0;
  if (value >= 1)
    return CODE_MAX;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t code = convert->guess[bits >> 16];
  while (value >= convert->first[code + 1])
    code++;
  return code;
}

static uint32_t component(const struct scrgb_convert *convert, int row, const float rgb[3]) {
  const float *matrix = convert->matrix[row];
  return encode(convert, matrix[0] * rgb[0] + matrix[1] * rgb[1] + matrix[2] * rgb[2]);
}

void scrgb_convert_row(const struct scrgb_convert *convert, uint32_t *to, const void *from, size_t count) {
  const uint8_t *in = from;
  for (size_t i = 0; i < count; i++, in += 8) {
    uint16_t halves[3];
    memcpy(halves, in, sizeof halves);
    const float rgb[3] = {convert->linear[halves[0]], convert->linear[halves[1]], convert->linear[halves[2]]};
    to[i] = component(convert, 0, rgb) | component(convert, 1, rgb) << 10 | component(convert, 2, rgb) << 20 | 3u << 30;
  }
}
