/* What lies over the picture, and the picture in a window of another size: cursor, HUD, scaling. */
#include "presented.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cursor ---- */

#define CURSOR_EDGE 24u

static struct transom_cursor_shape shape;
static uint32_t cursor_blend[CURSOR_EDGE * CURSOR_EDGE], cursor_invert[CURSOR_EDGE * CURSOR_EDGE];
static int32_t cursor_x, cursor_y; /* left, top */
static bool cursor_shown;

/* The cursor by the document's words (docs/protocol.md), not by our own code. */
static uint32_t pixel_with_cursor(const struct window_test *test, uint32_t x, uint32_t y) {
  uint32_t under = test_publisher_pixel(&test->publisher, x, y), result = 0;
  int64_t column = (int64_t)x - cursor_x, row = (int64_t)y - cursor_y;
  if (!cursor_shown || column < 0 || row < 0 || column >= CURSOR_EDGE || row >= CURSOR_EDGE)
    return under;
  uint32_t over = cursor_blend[row * CURSOR_EDGE + column], alpha = over >> 24;
  for (uint32_t shift = 0; shift < 24; shift += 8)
    result |= ((over >> shift & 255) * alpha + (under >> shift & 255) * (255 - alpha) + 127) / 255 << shift;
  return result ^ cursor_invert[row * CURSOR_EDGE + column];
}

static void draw_coloured(uint32_t *pixels) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++)
    pixels[i] = cursor_blend[i] = (i * 13 & 255) << 24 | (i * 0x10307 & 0xffffff);
  memset(cursor_invert, 0, sizeof cursor_invert);
}

static void draw_masked(uint32_t *pixels) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++) {
    bool inverts = i % 3 == 0;
    uint32_t colour = i * 0x20511 & 0xffffff;
    pixels[i] = (inverts ? 0xff000000u : 0) | colour;
    cursor_blend[i] = inverts ? 0 : 0xff000000u | colour;
    cursor_invert[i] = inverts ? colour : 0;
  }
}

static void draw_monochrome(uint8_t *planes, uint32_t pitch_bytes) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++) {
    uint32_t x = i % CURSOR_EDGE, y = i / CURSOR_EDGE;
    bool and = i % 5 < 2, xor = i % 7 < 3;
    planes[y * pitch_bytes + x / 8] |= (uint8_t)(and << (7 - x % 8));
    planes[(CURSOR_EDGE + y) * pitch_bytes + x / 8] |= (uint8_t)(xor << (7 - x % 8));
    cursor_blend[i] = and? 0 : xor? 0xffffffff : 0xff000000u;
    cursor_invert[i] = and&&xor? 0xffffff : 0;
  }
}

static void publish_shape(enum transom_cursor_type type) {
  uint32_t pixels[CURSOR_EDGE * CURSOR_EDGE * 2] = {0};
  shape = (struct transom_cursor_shape){.type = type, .width = CURSOR_EDGE, .height = CURSOR_EDGE, .hot_x = 5, .hot_y = 3};
  shape.pitch_bytes = type == TRANSOM_CURSOR_MONOCHROME ? CURSOR_EDGE / 8 : CURSOR_EDGE * 4;
  if (type == TRANSOM_CURSOR_MONOCHROME)
    draw_monochrome((uint8_t *)pixels, shape.pitch_bytes);
  else if (type == TRANSOM_CURSOR_MASKED)
    draw_masked(pixels);
  else
    draw_coloured(pixels);
  assert_int_equal(cursor_writer_shape(&current->publisher.cursor, &shape, (const uint8_t *)pixels), 0);
}

static void move_cursor(int32_t x, int32_t y, bool visible) {
  cursor_writer_move(&current->publisher.cursor, x, y, visible, 0);
  cursor_x = x - (int32_t)shape.hot_x;
  cursor_y = y - (int32_t)shape.hot_y;
  cursor_shown = visible;
  window_assert_pixels(current, 0, window_one_to_one(current), pixel_with_cursor);
}

static void cursor_is_exact_and_costs_no_upload(void **state) {
  (void)state;
  static const enum transom_cursor_type types[] = {TRANSOM_CURSOR_COLOUR, TRANSOM_CURSOR_MASKED, TRANSOM_CURSOR_MONOCHROME};
  presented_start("vulkan", NULL, "cursor");
  window_assert_seen(current, 0, window_one_to_one(current));
  uint64_t bytes = current->viewers[0].uploaded_bytes;
  for (size_t i = 0; i < 3; i++) {
    publish_shape(types[i]);
    move_cursor(300, 200, true);
    move_cursor(-2, 1, true); /* over the edges */
    move_cursor(638, 399, true);
    move_cursor(50, 60, false);
    move_cursor(120, 77, true);
  }
  assert_int_equal(current->viewers[0].uploaded_bytes, bytes);
}

/* ---- scaling ---- */

static void see_scaled(const char *scaling, struct placement at) {
  char word[32];
  snprintf(word, sizeof word, "--scaling=%s", scaling);
  current->renderer = "vulkan";
  window_start_viewer(current, scaling, word);
  window_assert_seen(current, 0, window_one_to_one(current));
  x_display_place(&current->display, current->windows[0], 0, 0, (int)at.window_width, (int)at.window_height);
  window_assert_seen(current, 0, at);
  window_end_viewers(current);
}

static void scaling_keeps_pixels(void **state) {
  (void)state;
  test_publisher_format(&current->publisher, 0x77);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_BGRA8, 300, 201, 0); /* odd */
  test_publisher_publish_whole(&current->publisher);
  see_scaled("1:1", (struct placement){500, 400, 100, 99, 1});
  see_scaled("1:1", (struct placement){200, 101, -50, -50, 1});
  see_scaled("integer", (struct placement){1000, 500, 200, 49, 2});
  see_scaled("fit", (struct placement){900, 603, 0, 0, 3});
  see_scaled("fill", (struct placement){900, 402, 0, -100, 3});
  see_scaled("stretch", (struct placement){600, 402, 0, 0, 2});
}

/* ---- what lies over the picture; the self-test ---- */

/* Dark ground and bright letters in the upper left corner, the picture everywhere else. */
static void hud_lies_over_a_corner(const char *renderer) {
  current->renderer = renderer;
  window_publish_first(current);
  struct placement all = window_one_to_one(current);
  window_start_viewer(current, "hud", "--hud");
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  uint32_t wrong = 0;
  for (int left_ms = WINDOW_PATIENCE_MS; left_ms > 0; left_ms -= WINDOW_STEP_MS) {
    wrong = window_count_wrong(current, 0, all, NULL);
    if (wrong > 640 * 20 && wrong < 640 * 200)
      break;
    window_pass_time(current);
  }
  assert_in_range(wrong, 640 * 20, 640 * 200);
  struct x_picture seen;
  assert_true(x_display_read(&current->display, current->windows[0], &seen));
  uint32_t bright = 0;
  for (uint32_t y = 0; y < 400; y++)
    for (uint32_t x = 0; x < 640; x++) {
      uint32_t pixel = seen.pixels[y * seen.width + x];
      if (y >= 250)
        assert_int_equal(pixel, test_publisher_pixel(&current->publisher, x, y));
      bright += y < 150 && x < 300 && (pixel & 0xffffff) == 0xdcebdc; /* the text's own colour */
    }
  free(seen.pixels);
  assert_in_range(bright, 50, 20000);
}

static void hud_lies_over_a_corner_by_vulkan(void **state) {
  (void)state;
  hud_lies_over_a_corner("vulkan");
}

static void hud_lies_over_a_corner_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  hud_lies_over_a_corner("sdl");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(cursor_is_exact_and_costs_no_upload),
      PRESENTED_TEST(scaling_keeps_pixels),
      PRESENTED_TEST(hud_lies_over_a_corner_by_vulkan),
      PRESENTED_TEST(hud_lies_over_a_corner_by_sdl),
  };
  return presented_run("3840x2160x24", tests);
}
