/* The viewer's window as another X client sees it, compared pixel by pixel with what was published into a region file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/test_publisher.h"
#include "support/viewer_process.h"
#include "support/x_display.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SCREEN_WIDTH 1920u
#define SCREEN_HEIGHT 1200u
#define PATIENCE_MS 20000 /* until a test that waits in vain gives up */
#define STEP_MS 20

struct window_test {
  struct x_display display;
  struct test_publisher publisher;
  struct viewer_process viewers[2];
  unsigned viewer_count;
  unsigned long windows[2];
  const char *driver; /* SDL_RENDER_DRIVER, or VULKAN */
};

static const char VULKAN[] = "vulkan";

/* ---- waiting: the publisher's heart beats meanwhile ---- */

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000l}, NULL); }

static bool quiet; /* the agent is to be found dead */

static void pass_time(struct window_test *test) {
  if (test->publisher.region.status && !quiet)
    test_publisher_beat(&test->publisher);
  bool heard = false;
  for (unsigned i = 0; i < test->viewer_count; i++)
    heard |= viewer_process_listen(&test->viewers[i], 0);
  if (!heard)
    rest();
}

#define WAIT_FOR(test, condition)                                                                                                          \
  do {                                                                                                                                     \
    int left_ms = PATIENCE_MS;                                                                                                             \
    for (; !(condition) && left_ms > 0; left_ms -= STEP_MS)                                                                                \
      pass_time(test);                                                                                                                     \
    assert_true(condition);                                                                                                                \
  } while (0)

static void start_viewer(struct window_test *test, const char *title, const char *extra) {
  char display[32], driver[64];
  snprintf(display, sizeof display, "DISPLAY=%s", test->display.name);
  snprintf(driver, sizeof driver, "SDL_RENDER_DRIVER=%s", test->driver ? test->driver : "");
  /* An OpenGL driver leaks a little and is unloaded before the check, so that nothing tells its blocks from ours: leaks are looked for
   * where SDL draws by itself. */
  bool by_vulkan = test->driver == VULKAN;
  const char *leaks = by_vulkan ? "ASAN_OPTIONS=verify_asan_link_order=0" : test->driver ? "_=" : "ASAN_OPTIONS=detect_leaks=0";
  const char *renderer = by_vulkan ? "vulkan" : "sdl";
  const char *arguments[] = {"--region", test->publisher.path, "--title", title, "--renderer", renderer, extra, NULL};
  const char *environment[] = {display,
                               "SDL_VIDEODRIVER=x11",
                               "TRANSOM_VULKAN_VALIDATION=1",
                               leaks,
                               by_vulkan ? VIEWER_PROCESS_KEEP_DRIVER : "_=",
                               VIEWER_PROCESS_KNOWN_LEAKS,
                               test->driver ? driver : NULL,
                               NULL};
  unsigned i = test->viewer_count++;
  assert_true(viewer_process_start(&test->viewers[i], arguments, environment));
  WAIT_FOR(test, (test->windows[i] = x_display_find(&test->display, title)) != 0);
}

static void publish_first(struct window_test *test) {
  test_publisher_format(&test->publisher, 0x1234);
  test_publisher_publish_whole(&test->publisher);
}

/* ---- looking ---- */

struct placement {
  uint32_t window_width, window_height, x, y, scale;
};

static struct placement one_to_one(const struct window_test *test) {
  return (struct placement){test_publisher_shown_width(&test->publisher), test_publisher_shown_height(&test->publisher), 0, 0, 1};
}

/* Wrong pixels of the window, outside the picture too (black there); UINT32_MAX when it has not even the right size. */
static uint32_t count_wrong(struct window_test *test, unsigned viewer, struct placement at) {
  struct x_picture seen;
  uint32_t wrong = 0;
  if (!x_display_read(&test->display, test->windows[viewer], &seen))
    return UINT32_MAX;
  if (seen.width != at.window_width || seen.height != at.window_height) {
    free(seen.pixels);
    return UINT32_MAX;
  }
  uint32_t width = test_publisher_shown_width(&test->publisher) * at.scale;
  uint32_t height = test_publisher_shown_height(&test->publisher) * at.scale;
  for (uint32_t y = 0; y < seen.height; y++) {
    for (uint32_t x = 0; x < seen.width; x++) {
      bool inside = x >= at.x && y >= at.y && x < at.x + width && y < at.y + height;
      uint32_t expected = inside ? test_publisher_pixel(&test->publisher, (x - at.x) / at.scale, (y - at.y) / at.scale) : 0;
      wrong += seen.pixels[(size_t)y * seen.width + x] != expected;
    }
  }
  free(seen.pixels);
  return wrong;
}

static void assert_seen(struct window_test *test, unsigned viewer, struct placement at) {
  uint64_t newest = test->publisher.writer.sequence;
  WAIT_FOR(test, test->viewers[viewer].sequence == newest);
  uint32_t wrong = 1;
  for (int left_ms = PATIENCE_MS; left_ms > 0 && (wrong = count_wrong(test, viewer, at)) != 0; left_ms -= STEP_MS)
    pass_time(test); /* drawn, but the server may not have it yet */
  assert_int_equal(wrong, 0);
}

static uint64_t brightness(struct window_test *test) {
  struct x_picture seen;
  uint64_t sum = 0;
  assert_true(x_display_read(&test->display, test->windows[0], &seen));
  for (size_t i = 0; i < (size_t)seen.width * seen.height; i++)
    sum += (seen.pixels[i] & 255) + (seen.pixels[i] >> 8 & 255) + (seen.pixels[i] >> 16);
  uint64_t mean = sum / ((uint64_t)seen.width * seen.height);
  free(seen.pixels);
  return mean;
}

static bool titled(struct window_test *test, const char *words) {
  char title[256];
  return x_display_title(&test->display, test->windows[0], title, sizeof title) && strstr(title, words);
}

/* ---- the tests ---- */

static void every_format_is_seen_exactly(struct window_test *test) {
  enum transom_format formats[] = {TRANSOM_FORMAT_BGRA8, TRANSOM_FORMAT_RGBA8, TRANSOM_FORMAT_RGB10A2, TRANSOM_FORMAT_RGBA16F};
  publish_first(test);
  start_viewer(test, "formats", NULL);
  for (size_t i = 0; i < 4; i++) {
    test_publisher_mode(&test->publisher, formats[i], 640, 400, 0);
    test_publisher_publish_whole(&test->publisher);
    assert_seen(test, 0, one_to_one(test));
    for (uint16_t j = 0; j < 5; j++) {
      test_publisher_publish(&test->publisher, (struct transom_rect){(uint16_t)(j * 100 + 3), (uint16_t)(j * 60 + 1), 77, 33});
      assert_seen(test, 0, one_to_one(test));
    }
  }
}

static void rotation_is_undone(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "rotation", NULL);
  for (uint32_t rotation = 1; rotation < 4; rotation++) {
    test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 320, 200, rotation);
    test_publisher_publish_whole(&test->publisher);
    assert_seen(test, 0, one_to_one(test));
  }
}

static void window_follows_the_mode_until_resized(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "modes", NULL);
  assert_seen(test, 0, one_to_one(test));
  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 800, 600, 0);
  test_publisher_publish_whole(&test->publisher);
  assert_seen(test, 0, one_to_one(test));

  x_display_place(&test->display, test->windows[0], 0, 0, 1600, 1200); /* twice: every pixel becomes four */
  assert_seen(test, 0, (struct placement){1600, 1200, 0, 0, 2});
  test_publisher_publish(&test->publisher, (struct transom_rect){10, 10, 100, 50});
  assert_seen(test, 0, (struct placement){1600, 1200, 0, 0, 2});

  x_display_place(&test->display, test->windows[0], 0, 0, 900, 600); /* 1:1 with black at both sides */
  assert_seen(test, 0, (struct placement){900, 600, 50, 0, 1});

  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 450, 100, 0); /* the user's size stays */
  test_publisher_publish_whole(&test->publisher);
  assert_seen(test, 0, (struct placement){900, 600, 0, 200, 2});
}

static void full_screen_keeps_the_aspect(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "fullscreen", "--fullscreen");
  assert_seen(test, 0, (struct placement){SCREEN_WIDTH, SCREEN_HEIGHT, 0, 0, 3});
}

static void two_viewers_see_the_same(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "first of two", NULL);
  start_viewer(test, "second of two", NULL);
  assert_seen(test, 1, one_to_one(test)); /* both have taken their size and lie one upon the other: side by side now */
  x_display_place(&test->display, test->windows[0], 0, 0, 640, 400);
  x_display_place(&test->display, test->windows[1], 700, 0, 640, 400);
  for (uint16_t i = 0; i < 10; i++) {
    test_publisher_publish(&test->publisher, (struct transom_rect){(uint16_t)(i * 50), (uint16_t)(i * 30), 120, 90});
    assert_seen(test, 0, one_to_one(test));
    assert_seen(test, 1, one_to_one(test));
  }
}

static void screens_come_and_go(struct window_test *test) {
  start_viewer(test, "screens", NULL);
  WAIT_FOR(test, titled(test, "Waiting for the agent"));
  publish_first(test);
  assert_seen(test, 0, one_to_one(test));
  assert_true(titled(test, "screens") && !titled(test, "Waiting"));

  uint64_t bright = brightness(test);
  quiet = true; /* the agent dies: its picture stays, dimmed */
  WAIT_FOR(test, titled(test, "does not answer"));
  WAIT_FOR(test, brightness(test) < bright * 2 / 3);
  assert_true(brightness(test) > 0);
  quiet = false;
  assert_seen(test, 0, one_to_one(test));

  test_publisher_format(&test->publisher, 0x9999); /* and starts again */
  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 700, 300, 0);
  test_publisher_publish_whole(&test->publisher);
  assert_seen(test, 0, one_to_one(test));
}

static uint64_t switches_of(pid_t pid) {
  char path[64], line[128];
  unsigned long long count = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)pid);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file))
    sscanf(line, "voluntary_ctxt_switches: %llu", &count);
  fclose(file);
  return count;
}

/* The window's thread sleeps while nothing happens; it wakes for each tick of the figures alone, twice (events and drawing). */
static void idle_window_sleeps(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "idle", "--stats-interval-ms=500");
  assert_seen(test, 0, one_to_one(test));
  uint64_t before = switches_of(test->viewers[0].pid), from_ms = test->viewers[0].elapsed_ms;
  WAIT_FOR(test, test->viewers[0].elapsed_ms >= from_ms + 3000);
  uint64_t after = switches_of(test->viewers[0].pid);
  assert_in_range(after - before, 0, 6 * 6);
}

static void signal_and_close_end_well(struct window_test *test) {
  publish_first(test);
  start_viewer(test, "signal", NULL);
  assert_seen(test, 0, one_to_one(test));
  test->viewer_count = 0;
  assert_int_equal(viewer_process_end(&test->viewers[0], SIGTERM), 0);
  assert_string_equal(test->viewers[0].event, "exit");
  assert_int_equal(test->viewers[0].torn + test->viewers[0].bad, 0);
  assert_int_equal(consumers_count(&test->publisher.consumers), 0); /* it has left its line */
}

/* ---- frame ---- */

static struct window_test *current;

static void run_one(void (*body)(struct window_test *), const char *driver) {
  struct x_display display = current->display;
  *current = (struct window_test){.display = display, .driver = driver};
  quiet = false;
  assert_true(test_publisher_init(&current->publisher));
  body(current);
  while (current->viewer_count) {
    unsigned last = --current->viewer_count;
    assert_int_equal(viewer_process_said(&current->viewers[last], "validation:"), 0);
    assert_int_equal(viewer_process_end(&current->viewers[last], SIGINT), 0);
  }
}

/* Whatever became of the test, nothing of it stands in the next one's way. */
static int clean_up(void **state) {
  (void)state;
  while (current->viewer_count)
    viewer_process_end(&current->viewers[--current->viewer_count], SIGKILL);
  test_publisher_finish(&current->publisher);
  return 0;
}

#define TEST(name)                                                                                                                         \
  static void name##_in_software(void **state) {                                                                                           \
    (void)state;                                                                                                                           \
    run_one(name, "software");                                                                                                             \
  }                                                                                                                                        \
  static void name##_by_vulkan(void **state) {                                                                                             \
    (void)state;                                                                                                                           \
    run_one(name, VULKAN);                                                                                                                 \
  }                                                                                                                                        \
  static void name##_by_default(void **state) {                                                                                            \
    (void)state;                                                                                                                           \
    run_one(name, NULL);                                                                                                                   \
  }
TEST(every_format_is_seen_exactly)
TEST(rotation_is_undone)
TEST(window_follows_the_mode_until_resized)
TEST(full_screen_keeps_the_aspect)
TEST(two_viewers_see_the_same)
TEST(screens_come_and_go)
TEST(idle_window_sleeps)
TEST(signal_and_close_end_well)

int main(void) {
  struct window_test test = {0};
  char screen[32];
  snprintf(screen, sizeof screen, "%ux%ux24", SCREEN_WIDTH, SCREEN_HEIGHT);
  if (!x_display_start(&test.display, screen)) {
    fprintf(stderr, "no Xvfb here\n");
    return 77;
  }
  current = &test;
#define BOTH(name)                                                                                                                         \
  cmocka_unit_test_teardown(name##_in_software, clean_up), cmocka_unit_test_teardown(name##_by_default, clean_up),                         \
      cmocka_unit_test_teardown(name##_by_vulkan, clean_up)
  const struct CMUnitTest tests[] = {
      BOTH(every_format_is_seen_exactly), BOTH(rotation_is_undone),        BOTH(window_follows_the_mode_until_resized),
      BOTH(full_screen_keeps_the_aspect), BOTH(two_viewers_see_the_same),  BOTH(screens_come_and_go),
      BOTH(idle_window_sleeps),           BOTH(signal_and_close_end_well),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  x_display_stop(&test.display);
  return failed;
}
