/* Layout of a picture in its window, cursor shapes, pixel conversion: the pure parts of presenting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/present/cursor_image.h"
#include "host/present/overlay.h"
#include "host/present/picture_layout.h"
#include "host/present/pixel_convert.h"
#include "host/present/present_fault.h"
#include "host/present/present_policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_layout(struct picture_layout layout, int32_t x, int32_t y, uint32_t width, uint32_t height, bool nearest) {
  assert_int_equal(layout.x, x);
  assert_int_equal(layout.y, y);
  assert_int_equal(layout.width, width);
  assert_int_equal(layout.height, height);
  assert_int_equal(layout.nearest, nearest);
}

static void aspect_is_kept(void **state) {
  (void)state;
  assert_layout(picture_layout_fit(1280, 800, 1280, 800, 0), 0, 0, 1280, 800, true);
  assert_layout(picture_layout_fit(2560, 1600, 1280, 800, 0), 0, 0, 2560, 1600, true);
  assert_layout(picture_layout_fit(1920, 1080, 1280, 800, 0), 96, 0, 1728, 1080, false);
  assert_layout(picture_layout_fit(1000, 1000, 1280, 800, 0), 0, 187, 1000, 625, false);
  assert_layout(picture_layout_fit(800, 1280, 1280, 800, 1), 0, 0, 800, 1280, true);
  assert_layout(picture_layout_fit(2560, 1601, 1280, 800, 2), 0, 0, 2560, 1600, true);
  assert_layout(picture_layout_fit(1281, 801, 1280, 800, 0), 0, 0, 1280, 800, true); /* a border rather than a blur */
  assert_layout(picture_layout_fit(801, 1280, 1280, 800, 1), 0, 0, 800, 1280, true);
  assert_layout(picture_layout_fit(1282, 802, 1280, 800, 0), 0, 0, 1282, 801, false);
  assert_layout(picture_layout_fit(1, 1, 16384, 1, 0), 0, 0, 1, 1, false);
}

/* Whatever the guest rounds to, the pixel is the one under the pointer. */
static void each_scaling_has_its_place(void **state) {
  (void)state;
  assert_layout(picture_layout_place(PICTURE_SCALING_ONE, 1000, 900, 1280, 800, 0), -140, 50, 1280, 800, true);
  assert_layout(picture_layout_place(PICTURE_SCALING_INTEGER, 3000, 1700, 1280, 800, 0), 220, 50, 2560, 1600, true);
  assert_layout(picture_layout_place(PICTURE_SCALING_INTEGER, 1000, 1000, 1280, 800, 0), 0, 187, 1000, 625, false); /* as fit */
  assert_layout(picture_layout_place(PICTURE_SCALING_FILL, 1920, 1080, 1280, 800, 0), 0, -60, 1920, 1200, false);
  assert_layout(picture_layout_place(PICTURE_SCALING_STRETCH, 1920, 1080, 1280, 800, 0), 0, 0, 1920, 1080, false);
  assert_layout(picture_layout_place(PICTURE_SCALING_FIT, 3440, 1440, 5120, 1440, 0), 0, 236, 3440, 968, false);
  assert_layout(picture_layout_place(PICTURE_SCALING_ONE, 3440, 1440, 3440, 1440, 0), 0, 0, 3440, 1440, true);
  assert_layout(picture_layout_place(PICTURE_SCALING_FILL, 800, 1280, 1280, 800, 3), 0, 0, 800, 1280, true); /* turned */
}

/* The first two items are the HUD, the next two the hint: ground and text. */
static void check_apart(struct overlay *overlay, uint32_t width, bool beside) {
  struct overlay_item items[OVERLAY_ITEMS_MAX];
  assert_int_equal(overlay_layout(overlay, width, 600, items), 4);
  assert_int_equal(items[1].text, OVERLAY_HUD);
  assert_int_equal(items[3].text, OVERLAY_HINT);
  const struct overlay_item *hud = &items[0], *hint = &items[2];
  assert_true(hint->x >= hud->x + (int32_t)hud->width || hint->y >= hud->y + (int32_t)hud->height);
  assert_int_equal(hint->y < hud->y + (int32_t)hud->height, beside);
  assert_true(hud->width <= width);
  assert_true(items[3].y > hint->y && items[3].y + (int32_t)items[3].height <= hint->y + (int32_t)hint->height);
}

static void hud_and_hint_lie_apart(void **state) {
  (void)state;
  struct overlay *overlay = overlay_create();
  assert_non_null(overlay);
  overlay_set_hud(overlay, "stages p50/p99 ms: until copied from 0.01/0.09, copy 1.20/3.40, until submitted 0.02/0.05\nlink 1.0 MiB/s");
  overlay_set_hint(overlay, "Released - tap Right Ctrl to capture\nby usb, Caps, Num");
  check_apart(overlay, 320, false);
  check_apart(overlay, 900, false);
  check_apart(overlay, 3440, true);
  check_apart(overlay, 320, false); /* wrapped anew for each width */
  overlay_destroy(overlay);
}

static void present_mode_follows_the_wish(void **state) {
  (void)state;
  uint32_t fifo = 1u << PRESENT_MODE_FIFO, all = (1u << PRESENT_MODES) - 1, relaxed = fifo | 1u << PRESENT_MODE_FIFO_RELAXED;
  assert_int_equal(present_policy_choose(fifo, false, false), PRESENT_MODE_FIFO);
  assert_int_equal(present_policy_choose(fifo, true, true), PRESENT_MODE_FIFO);
  assert_int_equal(present_policy_choose(all, false, true), PRESENT_MODE_FIFO); /* the display's own rhythm, nothing in between */
  assert_int_equal(present_policy_choose(all, false, false), PRESENT_MODE_MAILBOX);
  assert_int_equal(present_policy_choose(all, true, false), PRESENT_MODE_IMMEDIATE);
  assert_int_equal(present_policy_choose(relaxed, true, false), PRESENT_MODE_FIFO_RELAXED);
}

static void faults_are_named_whole(void **state) {
  (void)state;
  setenv("TRANSOM_PRESENT_FAULT", "lost-import,sdl", 1);
  assert_true(present_fault(PRESENT_FAULT_LOST_IMPORT));
  assert_true(present_fault(PRESENT_FAULT_SDL));
  assert_false(present_fault(PRESENT_FAULT_IMPORT));
  assert_false(present_fault(PRESENT_FAULT_LOST_SDL));
  unsetenv("TRANSOM_PRESENT_FAULT");
  assert_false(present_fault(PRESENT_FAULT_SDL));
}

static void pointer_hits_its_pixel(void **state) {
  (void)state;
  struct picture_layout layout = picture_layout_fit(1280, 800, 1280, 800, 0);
  for (int32_t x = 0; x < 1280; x++) {
    int32_t to_x, to_y;
    picture_layout_pointer(&layout, x, 799, 32767, &to_x, &to_y);
    assert_int_equal(to_x * 1280 / 32768, x);
    assert_int_equal(to_x * 1280 / 32767, x);
    assert_int_equal(to_y * 800 / 32768, 799);
  }
}

static void pointer_stays_in_the_picture(void **state) {
  (void)state;
  struct picture_layout layout = picture_layout_fit(1000, 1000, 1280, 800, 0);
  int32_t x, y;
  picture_layout_pointer(&layout, -50, 0, 32767, &x, &y);
  assert_in_range(x, 0, 32);
  assert_in_range(y, 0, 32);
  picture_layout_pointer(&layout, 5000, 999, 32767, &x, &y);
  assert_in_range(x, 32700, 32767);
  assert_in_range(y, 32700, 32767);
}

static uint32_t composed(const struct cursor_image *image, uint32_t under, uint32_t x) {
  uint32_t picture[4] = {under, under, under, under};
  cursor_image_compose(image, 0, 0, (uint8_t *)picture, 4, 1);
  return picture[x];
}

static void monochrome_has_four_meanings(void **state) {
  (void)state;
  struct cursor_image *image = calloc(1, sizeof *image);
  struct transom_cursor_shape shape = {.type = TRANSOM_CURSOR_MONOCHROME, .width = 4, .height = 1, .pitch_bytes = 1, .data_bytes = 2};
  uint8_t planes[2] = {0x30, 0x50}; /* AND 0011, XOR 0101: black, white, keep, invert */
  cursor_image_load(image, &shape, planes);
  assert_int_equal(composed(image, 0xff123456, 0), 0xff000000);
  assert_int_equal(composed(image, 0xff123456, 1), 0xffffffff);
  assert_int_equal(composed(image, 0xff123456, 2), 0xff123456);
  assert_int_equal(composed(image, 0xff123456, 3), 0xffedcba9);
  uint32_t flat[4];
  cursor_image_flatten(image, flat);
  assert_int_equal(flat[2], 0);
  assert_int_equal(flat[3] >> 24, 255); /* seen on any ground */
  free(image);
}

static void masked_replaces_or_inverts(void **state) {
  (void)state;
  struct cursor_image *image = calloc(1, sizeof *image);
  struct transom_cursor_shape shape = {.type = TRANSOM_CURSOR_MASKED, .width = 3, .height = 1, .pitch_bytes = 12, .data_bytes = 12};
  uint32_t pixels[3] = {0x00aabbcc, 0xff000000, 0xff00ff00};
  cursor_image_load(image, &shape, (const uint8_t *)pixels);
  assert_int_equal(composed(image, 0xff123456, 0), 0xffaabbcc);
  assert_int_equal(composed(image, 0xff123456, 1), 0xff123456);
  assert_int_equal(composed(image, 0xff123456, 2), 0xff12cb56);
  free(image);
}

static void colour_blends_and_is_clipped(void **state) {
  (void)state;
  struct cursor_image *image = calloc(1, sizeof *image);
  struct transom_cursor_shape shape = {
      .type = TRANSOM_CURSOR_COLOUR, .width = 2, .height = 1, .pitch_bytes = 16, .hot_x = 1, .data_bytes = 16};
  uint32_t pixels[4] = {0xffffffff, 0x80ffffff, 0, 0}, picture[4] = {0};
  cursor_image_load(image, &shape, (const uint8_t *)pixels);
  cursor_image_compose(image, 0, 0, (uint8_t *)picture, 4, 1); /* its left half lies outside */
  assert_int_equal(picture[0], 0xff808080);
  assert_int_equal(picture[1], 0);
  cursor_image_compose(image, INT32_MAX, INT32_MIN, (uint8_t *)picture, 4, 1);
  free(image);
}

static void pq_white_is_white_and_black_is_black(void **state) {
  (void)state;
  struct pixel_convert *convert = pixel_convert_create();
  /* PQ codes of 0, of 203 nits (0.58069 * 1023) and of the brightest red: ST 2084 and BT.2408 say so. */
  uint32_t pixels[3] = {0, 594u << 20 | 594u << 10 | 594u, 1023};
  uint8_t to[12];
  pixel_convert_row(convert, TRANSOM_FORMAT_RGB10A2, true, (const uint8_t *)pixels, to, 3);
  assert_memory_equal(to, "\0\0\0\377", 4);
  for (int i = 4; i < 7; i++)
    assert_in_range(to[i], 253, 255);
  assert_memory_equal(to + 8, "\0\0\377\377", 4);
  pixel_convert_destroy(convert);
}

/* SMPTE ST 2084, then BT.2407's matrix (four digits; each row sums to one, so that grey stays grey), then sRGB: in double precision and
 * without tables. */
static double pq_light(uint32_t code) {
  double p = pow(code / 1023.0, 32.0 / 2523), above = p - 0.8359375;
  return pow((above > 0 ? above : 0) / (18.8515625 - 18.6875 * p), 8192 / 1305.0) * 10000 / 203;
}

static double srgb_code(double linear) {
  double bounded = linear < 0 ? 0 : linear > 1 ? 1 : linear;
  return 255 * (bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * pow(bounded, 1 / 2.4) - 0.055);
}

static void assert_near(uint8_t is, double should_be) { assert_true(fabs(is - should_be) < 0.75); }

static void pq_follows_the_standards(void **state) {
  (void)state;
  struct pixel_convert *convert = pixel_convert_create();
  for (uint32_t i = 0; i < 20000; i++) {
    uint32_t word = i * 2654435761u, red = word & 1023, green = word >> 10 & 1023, blue = word >> 20 & 1023;
    double r = pq_light(red), g = pq_light(green), b = pq_light(blue);
    uint8_t to[4];
    pixel_convert_row(convert, TRANSOM_FORMAT_RGB10A2, true, (const uint8_t *)&word, to, 1);
    assert_near(to[2], srgb_code(1.6605 * r - 0.5877 * g - 0.0728 * b));
    assert_near(to[1], srgb_code(-0.1246 * r + 1.1329 * g - 0.0083 * b));
    assert_near(to[0], srgb_code(-0.0182 * r - 0.1006 * g + 1.1187 * b));
  }
  pixel_convert_destroy(convert);
}

static void half_floats_out_of_range_are_clipped(void **state) {
  (void)state;
  struct pixel_convert *convert = pixel_convert_create();
  uint16_t pixels[8] = {0x7c00, 0xfc00, 0x7e00, 0, 0x3c00, 0x4000, 0xbc00, 0}; /* inf, -inf, NaN; 1, 2, -1 */
  uint8_t to[8];
  pixel_convert_row(convert, TRANSOM_FORMAT_RGBA16F, false, (const uint8_t *)pixels, to, 2);
  assert_memory_equal(to, "\0\0\377\377\0\377\377\377", 8);
  pixel_convert_destroy(convert);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aspect_is_kept),
      cmocka_unit_test(each_scaling_has_its_place),
      cmocka_unit_test(hud_and_hint_lie_apart),
      cmocka_unit_test(present_mode_follows_the_wish),
      cmocka_unit_test(faults_are_named_whole),
      cmocka_unit_test(pointer_hits_its_pixel),
      cmocka_unit_test(pointer_stays_in_the_picture),
      cmocka_unit_test(monochrome_has_four_meanings),
      cmocka_unit_test(masked_replaces_or_inverts),
      cmocka_unit_test(colour_blends_and_is_clipped),
      cmocka_unit_test(pq_white_is_white_and_black_is_black),
      cmocka_unit_test(pq_follows_the_standards),
      cmocka_unit_test(half_floats_out_of_range_are_clipped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
