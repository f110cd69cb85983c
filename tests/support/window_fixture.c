#include "support/window_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = WINDOW_STEP_MS * 1000000l}, NULL); }

void window_pass_time(struct window_test *test) {
  if (test->publisher.region.status && !test->quiet)
    test_publisher_beat(&test->publisher);
  bool heard = false;
  for (unsigned i = 0; i < test->viewer_count; i++)
    heard |= viewer_process_listen(&test->viewers[i], 0);
  if (!heard)
    rest();
}

/* An OpenGL driver and the validation layer leak a little and are unloaded before the check, so that nothing tells their blocks from ours:
 * leaks are looked for where SDL draws by itself, and with Vulkan where the test says so, without the layer. */
static const char *sanitizer_options(const struct window_test *test) {
  bool is_software = strcmp(test->renderer, "sdl") == 0 && test->driver && strcmp(test->driver, "software") == 0;
  return test->counts_leaks || is_software ? "ASAN_OPTIONS=verify_asan_link_order=0" : "ASAN_OPTIONS=detect_leaks=0";
}

void window_start_viewer(struct window_test *test, const char *title, const char *extra) {
  char display[32], driver[64], fault[64];
  const char *arguments[7 + WINDOW_EXTRA_MAX + 1] = {"--region", test->publisher.path, "--title", title, "--renderer", test->renderer};
  const char *environment[] = {
      display,
      "SDL_VIDEODRIVER=x11",
      "DBUS_SESSION_BUS_ADDRESS=disabled:", /* libdbus would fork for a bus, which the sanitizer does not survive */
      test->counts_leaks ? "TRANSOM_VULKAN_VALIDATION=0" : "TRANSOM_VULKAN_VALIDATION=1",
      sanitizer_options(test),
      test->counts_leaks ? VIEWER_PROCESS_KEEP_DRIVER : "_=",
      VIEWER_PROCESS_KNOWN_LEAKS,
      fault,
      test->driver ? driver : NULL,
      NULL};
  snprintf(display, sizeof display, "DISPLAY=%s", test->display.name);
  snprintf(driver, sizeof driver, "SDL_RENDER_DRIVER=%s", test->driver ? test->driver : "");
  snprintf(fault, sizeof fault, "TRANSOM_PRESENT_FAULT=%s", test->fault ? test->fault : "");
  size_t count = 6;
  if (extra)
    arguments[count++] = extra;
  for (size_t i = 0; i < WINDOW_EXTRA_MAX && test->extra[i]; i++)
    arguments[count++] = test->extra[i];
  unsigned i = test->viewer_count++;
  assert_true(viewer_process_start(&test->viewers[i], arguments, environment));
  WAIT_FOR(test, (test->windows[i] = x_display_find(&test->display, title)) != 0);
}

void window_publish_first(struct window_test *test) {
  test_publisher_format(&test->publisher, 0x1234);
  test_publisher_publish_whole(&test->publisher);
}

struct placement window_one_to_one(const struct window_test *test) {
  return (struct placement){test_publisher_shown_width(&test->publisher), test_publisher_shown_height(&test->publisher), 0, 0, 1};
}

static uint32_t publisher_pixel(const struct window_test *test, uint32_t x, uint32_t y) {
  return test_publisher_pixel(&test->publisher, x, y);
}

/* Stops looking once `enough` are wrong. */
static uint32_t count_wrong(struct window_test *test, unsigned viewer, struct placement at, window_pixel pixel, uint32_t enough) {
  struct x_picture seen;
  uint32_t wrong = 0;
  if (!x_display_read(&test->display, test->windows[viewer], &seen))
    return UINT32_MAX;
  if (seen.width != at.window_width || seen.height != at.window_height) {
    free(seen.pixels);
    return UINT32_MAX;
  }
  int64_t width = (int64_t)test_publisher_shown_width(&test->publisher) * at.scale;
  int64_t height = (int64_t)test_publisher_shown_height(&test->publisher) * at.scale;
  pixel = pixel ? pixel : publisher_pixel;
  for (uint32_t y = 0; y < seen.height && wrong < enough; y++) {
    for (uint32_t x = 0; x < seen.width; x++) {
      int64_t from_x = (int64_t)x - at.x, from_y = (int64_t)y - at.y;
      bool inside = from_x >= 0 && from_y >= 0 && from_x < width && from_y < height;
      uint32_t expected = inside ? pixel(test, (uint32_t)from_x / at.scale, (uint32_t)from_y / at.scale) : 0;
      wrong += seen.pixels[(size_t)y * seen.width + x] != expected;
    }
  }
  free(seen.pixels);
  return wrong;
}

uint32_t window_count_wrong(struct window_test *test, unsigned viewer, struct placement at, window_pixel pixel) {
  return count_wrong(test, viewer, at, pixel, UINT32_MAX);
}

void window_assert_pixels(struct window_test *test, unsigned viewer, struct placement at, window_pixel pixel) {
  uint32_t wrong = 1;
  for (int left_ms = WINDOW_PATIENCE_MS; left_ms > 0 && (wrong = count_wrong(test, viewer, at, pixel, 1)) != 0; left_ms -= WINDOW_STEP_MS)
    window_pass_time(test); /* drawn, but the server may not have it yet */
  assert_int_equal(wrong, 0);
}

void window_assert_seen(struct window_test *test, unsigned viewer, struct placement at) {
  uint64_t newest = test->publisher.writer.sequence;
  WAIT_FOR(test, test->viewers[viewer].sequence == newest);
  window_assert_pixels(test, viewer, at, NULL);
}

uint64_t window_brightness(struct window_test *test) {
  struct x_picture seen;
  uint64_t sum = 0;
  assert_true(x_display_read(&test->display, test->windows[0], &seen));
  for (size_t i = 0; i < (size_t)seen.width * seen.height; i++)
    sum += (seen.pixels[i] & 255) + (seen.pixels[i] >> 8 & 255) + (seen.pixels[i] >> 16);
  uint64_t mean = sum / ((uint64_t)seen.width * seen.height);
  free(seen.pixels);
  return mean;
}

bool window_is_titled(struct window_test *test, const char *words) {
  char title[256];
  return x_display_title(&test->display, test->windows[0], title, sizeof title) && strstr(title, words);
}

void window_end_viewers(struct window_test *test) {
  while (test->viewer_count) {
    struct viewer_process *viewer = &test->viewers[--test->viewer_count];
    assert_int_equal(viewer_process_end(viewer, SIGINT), 0);
    assert_int_equal(viewer_process_said(viewer, "validation:"), 0);
    viewer_process_forget(viewer);
  }
}

void window_clean_up(struct window_test *test) {
  while (test->viewer_count)
    viewer_process_end(&test->viewers[--test->viewer_count], SIGKILL), viewer_process_forget(&test->viewers[test->viewer_count]);
  test_publisher_finish(&test->publisher);
}
