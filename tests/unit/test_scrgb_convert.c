/* scRGB into ten bits: each half against the curves in double precision, and boxes of a picture on their way into a slot. */
#include "common/memory_copy.h"
#include "guest/core/frame_copier.h"
#include "guest/core/scrgb_convert.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HALF_ONE 0x3c00
#define HALF_NAN 0x7e00
#define HALF_INFINITE 0x7c00

/* By the compiler's own type, not by a table of ours. */
static double value_of(uint16_t half) {
  _Float16 value;
  memcpy(&value, &half, sizeof value);
  return (double)value;
}

static double srgb(double value) { return value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055; }

static double pq(double value) {
  const double power = pow(value * 80 / 10000, 0.1593017578125);
  return pow((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power), 78.84375);
}

static uint32_t code(double (*curve)(double), double value) {
  if (!(value > 0))
    return 0;
  const double encoded = curve(value);
  return encoded >= 1 ? 1023 : (uint32_t)(encoded * 1023 + 0.5);
}

static uint32_t convert_one(const struct scrgb_convert *convert, uint16_t red, uint16_t green, uint16_t blue) {
  const uint16_t pixel[4] = {red, green, blue, 0};
  uint32_t word;
  scrgb_convert_row(convert, &word, pixel, 1);
  assert_int_equal(word >> 30, 3);
  return word;
}

static void every_half_gets_the_nearest_code_of_srgb(void **state) {
  (void)state;
  struct scrgb_convert *convert = scrgb_convert_create(false);
  for (uint32_t half = 0; half < 65536; half++) {
    const double value = value_of((uint16_t)half);
    const uint32_t expected = isnan(value) ? 0 : code(srgb, value > 1 ? 1 : value);
    assert_int_equal(convert_one(convert, (uint16_t)half, 0, 0) & 1023, expected);
    assert_int_equal(convert_one(convert, 0, (uint16_t)half, 0) >> 10 & 1023, expected);
    assert_int_equal(convert_one(convert, 0, 0, (uint16_t)half) >> 20 & 1023, expected);
  }
  scrgb_convert_destroy(convert);
}

/* Grey stays grey under the matrix, but for single precision. */
static void every_grey_is_within_a_code_of_pq(void **state) {
  (void)state;
  struct scrgb_convert *convert = scrgb_convert_create(true);
  uint32_t neighbours = 0;
  for (uint32_t half = 0; half < 65536; half++) {
    const double value = value_of((uint16_t)half);
    const uint32_t expected = isnan(value) ? 0 : code(pq, value < 125 ? value : 125);
    const uint32_t word = convert_one(convert, (uint16_t)half, (uint16_t)half, (uint16_t)half);
    for (uint32_t shift = 0; shift < 30; shift += 10) {
      const int distance = abs((int)(word >> shift & 1023) - (int)expected);
      assert_in_range(distance, 0, 1);
      neighbours += distance == 1;
    }
  }
  assert_in_range(neighbours, 0, 100);
  scrgb_convert_destroy(convert);
}

/* 100 nits is code 519.6 or so of 1023, 10,000 nits the last; BT.709's red is no longer pure in BT.2020. */
static void known_colours_of_pq(void **state) {
  (void)state;
  struct scrgb_convert *convert = scrgb_convert_create(true);
  const uint16_t nits_100 = 0x3d00, nits_10000 = 0x57d0; /* 1.25 and 125 */
  assert_int_equal(convert_one(convert, nits_100, nits_100, nits_100) & 1023, 520);
  assert_int_equal(convert_one(convert, nits_10000, nits_10000, nits_10000) & 1023, 1023);
  assert_int_equal(convert_one(convert, HALF_INFINITE, HALF_INFINITE, HALF_INFINITE), 0xffffffff);
  assert_int_equal(convert_one(convert, HALF_NAN, HALF_NAN, HALF_NAN), 0xc0000000);
  const uint32_t red = convert_one(convert, HALF_ONE, 0, 0);
  assert_int_equal(red & 1023, code(pq, 0.627403895935));
  assert_int_equal(red >> 10 & 1023, code(pq, 0.069097289358));
  assert_int_equal(red >> 20 & 1023, code(pq, 0.016391438875));
  scrgb_convert_destroy(convert);
}

/* Wider than what is converted at a time. */
#define WIDTH 700u
#define HEIGHT 5u
#define PITCH 2816u /* of the slot: 700 x 4, up to a multiple of 256 */

static void boxes_are_converted_on_their_way(void **state) {
  (void)state;
  static uint16_t picture[HEIGHT][WIDTH][4];
  static uint8_t slot[PITCH * HEIGHT];
  const struct transom_rect boxes[] = {{3, 1, 690, 2}, {0, 4, 1, 1}};
  struct scrgb_convert *convert = scrgb_convert_create(false);
  const struct frame_copy copy = {
      .mode = {WIDTH, HEIGHT, TRANSOM_FORMAT_RGB10A2, 0}, .slot = slot, .pitch_bytes = PITCH, .band_rows = HEIGHT, .convert = convert};
  for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
    picture[i / WIDTH][i % WIDTH][0] = (uint16_t)(0x2000 + i);
  assert_int_equal(frame_copy_source_format(&copy), TRANSOM_FORMAT_RGBA16F);
  assert_int_equal(frame_copy_source_pitch(&copy), 5632);
  assert_int_equal(frame_copy_stream(&copy, boxes, 2, (const uint8_t *)picture, sizeof picture[0]), (690 * 2 + 1) * 4);
  for (uint32_t y = 0; y < HEIGHT; y++) {
    for (uint32_t x = 0; x < WIDTH; x++) {
      uint32_t word;
      memcpy(&word, slot + y * PITCH + x * 4, sizeof word);
      const bool inside = (x >= 3 && x < 693 && y >= 1 && y < 3) || (x == 0 && y == 4);
      assert_int_equal(word, inside ? convert_one(convert, picture[y][x][0], 0, 0) : 0);
    }
  }
  scrgb_convert_destroy(convert);
}

int main(void) {
  memory_copy_init();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_half_gets_the_nearest_code_of_srgb),
      cmocka_unit_test(every_grey_is_within_a_code_of_pq),
      cmocka_unit_test(known_colours_of_pq),
      cmocka_unit_test(boxes_are_converted_on_their_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
