#include "guest/core/pixel_convert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void widens_565(void **state) {
  (void)state;
  const uint8_t from[] = {0xff, 0xff, 0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00, 0x10, 0x84};
  const uint8_t expected[] = {255, 255, 255, 255, 0, 0, 255, 255, 0, 255, 0, 255, 255, 0, 0, 255, 132, 130, 132, 255};
  uint8_t to[20];
  pixel_convert_rgb565_to_bgra8(to, from, 5);
  assert_memory_equal(to, expected, sizeof to);
}

static void pads_24_bits(void **state) {
  (void)state;
  const uint8_t from[] = {1, 2, 3, 4, 5, 6}, expected[] = {1, 2, 3, 255, 4, 5, 6, 255};
  uint8_t to[8];
  pixel_convert_bgr888_to_bgra8(to, from, 2);
  assert_memory_equal(to, expected, sizeof to);
}

static void swaps_red_and_blue_of_ten_bits(void **state) {
  (void)state;
  const uint32_t from = 3u << 30 | 0x111u << 20 | 0x222u << 10 | 0x333u;
  uint32_t to;
  pixel_convert_xrgb2101010_to_rgb10a2(&to, &from, 1);
  assert_int_equal(to, 3u << 30 | 0x333u << 20 | 0x222u << 10 | 0x111u);
}

static void straightens_alpha(void **state) {
  (void)state;
  uint32_t pixels[] = {0xff102030, 0x00000000, 0x80402000, 0x80ff0000};
  pixel_convert_straighten(pixels, 4);
  assert_int_equal(pixels[0], 0xff102030);
  assert_int_equal(pixels[1], 0);
  assert_int_equal(pixels[2], 0x80804000);
  assert_int_equal(pixels[3], 0x80ff0000); /* more than alpha allows: clipped */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(widens_565),
      cmocka_unit_test(pads_24_bits),
      cmocka_unit_test(swaps_red_and_blue_of_ten_bits),
      cmocka_unit_test(straightens_alpha),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
