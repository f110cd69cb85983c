/* Pictures of every size, shape of damage and coding by each rung, seen by another X client. */
#include "presented.h"

#include "host/present/pixel_convert.h"
#include "support/test_picture.h"

/* Every shape that damage may have: none, a pixel, 32 rectangles, overlapping ones, all. */
static void publish_shapes(uint32_t width, uint32_t height) {
  struct transom_rect rects[32];
  struct test_publisher *publisher = &current->publisher;
  for (uint32_t i = 0; i < 32; i++)
    rects[i] = (struct transom_rect){(uint16_t)(i * (width / 33)), (uint16_t)(i * 7 % (height - 3)), (uint16_t)(1 + i % 5), 3};
  assert_true(test_publisher_begin_all(publisher, rects, 0));
  test_publisher_complete(publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_true(test_publisher_begin_all(publisher, rects, 32));
  test_publisher_complete(publisher);
  test_publisher_publish(publisher, (struct transom_rect){(uint16_t)(width - 1), (uint16_t)(height - 1), 1, 1});
  window_assert_seen(current, 0, window_one_to_one(current));
  const struct transom_rect overlapping[] = {{2, 3, 40, 20}, {20, 10, 40, 30}, {0, 0, 30, 30}};
  assert_true(test_publisher_begin_all(publisher, overlapping, 3));
  test_publisher_complete(publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
}

static void wide_is_exact(const char *renderer, uint32_t width) {
  current->renderer = renderer;
  test_publisher_format(&current->publisher, 0x7171);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_BGRA8, width, 1440, 0);
  test_publisher_publish_whole(&current->publisher);
  window_start_viewer(current, "wide", NULL);
  window_assert_seen(current, 0, window_one_to_one(current));
  publish_shapes(width, 1440);
}

static void width_of_3440_is_exact_by_import(void **state) {
  (void)state;
  wide_is_exact("vulkan", 3440);
}

static void width_of_5120_is_exact_by_staging(void **state) {
  (void)state;
  wide_is_exact("vulkan-staging", 5120);
}

/* An HDR picture: what the shader makes of it is what the CPU's conversion makes, which a unit test holds against the standards. */
static const struct pixel_convert *convert;

static uint32_t pixel_of_pq(const struct window_test *test, uint32_t x, uint32_t y) {
  static uint8_t row[4 * TEST_PUBLISHER_WIDTH_MAX];
  uint8_t to[4];
  uint64_t sequence = test->publisher.screen[y * test->publisher.width + x];
  test_picture_draw(row, 0, TRANSOM_FORMAT_RGB10A2, sequence, (struct transom_rect){(uint16_t)x, (uint16_t)y, 1, 1});
  pixel_convert_row(convert, TRANSOM_FORMAT_RGB10A2, true, row + 4 * (size_t)x, to, 1);
  return (uint32_t)to[2] << 16 | (uint32_t)to[1] << 8 | to[0];
}

static void pq_is_exact_by_staging(void **state) {
  (void)state;
  struct pixel_convert *tables = pixel_convert_create();
  assert_non_null(convert = tables);
  current->renderer = "vulkan-staging";
  current->publisher.pq = true;
  test_publisher_format(&current->publisher, 0x9292);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_RGB10A2, 1280, 720, 0);
  test_publisher_publish_whole(&current->publisher);
  window_start_viewer(current, "pq", NULL);
  for (uint32_t i = 0; i < 3; i++) {
    window_assert_pixels(current, 0, window_one_to_one(current), pixel_of_pq);
    test_publisher_publish(&current->publisher,
                           (struct transom_rect){(uint16_t)(i * 37), (uint16_t)(i * 61), (uint16_t)(20 + i), (uint16_t)(10 + i)});
  }
  pixel_convert_destroy(tables);
}

static void full_4k_is_exact(const char *renderer, enum transom_format format) {
  current->renderer = renderer;
  test_publisher_format(&current->publisher, 0x5151);
  test_publisher_mode(&current->publisher, format, 3840, 2160, 0);
  test_publisher_publish_whole(&current->publisher);
  window_start_viewer(current, "4k", NULL);
  window_assert_seen(current, 0, window_one_to_one(current));
  publish_shapes(3840, 2160);
}

static void full_4k_is_exact_by_import(void **state) {
  (void)state;
  full_4k_is_exact("vulkan", TRANSOM_FORMAT_BGRA8);
}

static void full_4k_is_exact_by_staging(void **state) {
  (void)state;
  full_4k_is_exact("vulkan-staging", TRANSOM_FORMAT_RGB10A2);
}

static void odd_sizes_are_exact(const char *renderer) {
  static const uint32_t sizes[][2] = {{641, 397}, {1919, 1079}, {97, 1023}, {1080, 64}};
  static const enum transom_format formats[] = {TRANSOM_FORMAT_RGBA16F, TRANSOM_FORMAT_BGRA8, TRANSOM_FORMAT_RGB10A2, TRANSOM_FORMAT_RGBA8};
  current->renderer = renderer;
  window_publish_first(current);
  window_start_viewer(current, "odd sizes", NULL);
  for (size_t i = 0; i < 4; i++) {
    test_publisher_mode(&current->publisher, formats[i], sizes[i][0], sizes[i][1], 0);
    test_publisher_publish_whole(&current->publisher);
    window_assert_seen(current, 0, window_one_to_one(current));
    publish_shapes(sizes[i][0], sizes[i][1]);
  }
}

static void odd_sizes_are_exact_by_import(void **state) {
  (void)state;
  odd_sizes_are_exact("vulkan");
}

static void odd_sizes_are_exact_by_staging(void **state) {
  (void)state;
  odd_sizes_are_exact("vulkan-staging");
}

static void odd_sizes_are_exact_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  odd_sizes_are_exact("sdl");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(width_of_3440_is_exact_by_import), PRESENTED_TEST(width_of_5120_is_exact_by_staging),
      PRESENTED_TEST(pq_is_exact_by_staging),           PRESENTED_TEST(full_4k_is_exact_by_import),
      PRESENTED_TEST(full_4k_is_exact_by_staging),      PRESENTED_TEST(odd_sizes_are_exact_by_import),
      PRESENTED_TEST(odd_sizes_are_exact_by_staging),   PRESENTED_TEST(odd_sizes_are_exact_by_sdl),
  };
  return presented_run("5120x2160x24", tests);
}
