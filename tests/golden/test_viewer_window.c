/* The viewer's window as another X client sees it, compared pixel by pixel with what was published into a region file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/window_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SCREEN_WIDTH 1920u
#define SCREEN_HEIGHT 1200u

/* ---- the tests ---- */

static void every_format_is_seen_exactly(struct window_test *test) {
  enum transom_format formats[] = {TRANSOM_FORMAT_BGRA8, TRANSOM_FORMAT_RGBA8, TRANSOM_FORMAT_RGB10A2, TRANSOM_FORMAT_RGBA16F};
  window_publish_first(test);
  window_start_viewer(test, "formats", NULL);
  for (size_t i = 0; i < 4; i++) {
    test_publisher_mode(&test->publisher, formats[i], 640, 400, 0);
    test_publisher_publish_whole(&test->publisher);
    window_assert_seen(test, 0, window_one_to_one(test));
    for (uint16_t j = 0; j < 5; j++) {
      test_publisher_publish(&test->publisher, (struct transom_rect){(uint16_t)(j * 100 + 3), (uint16_t)(j * 60 + 1), 77, 33});
      window_assert_seen(test, 0, window_one_to_one(test));
    }
  }
}

static void rotation_is_undone(struct window_test *test) {
  window_publish_first(test);
  window_start_viewer(test, "rotation", NULL);
  for (uint32_t rotation = 1; rotation < 4; rotation++) {
    test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 320, 200, rotation);
    test_publisher_publish_whole(&test->publisher);
    window_assert_seen(test, 0, window_one_to_one(test));
  }
}

static void window_follows_the_mode_until_resized(struct window_test *test) {
  window_publish_first(test);
  window_start_viewer(test, "modes", NULL);
  window_assert_seen(test, 0, window_one_to_one(test));
  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 800, 600, 0);
  test_publisher_publish_whole(&test->publisher);
  window_assert_seen(test, 0, window_one_to_one(test));

  x_display_place(&test->display, test->windows[0], 0, 0, 1600, 1200); /* twice: every pixel becomes four */
  window_assert_seen(test, 0, (struct placement){1600, 1200, 0, 0, 2});
  test_publisher_publish(&test->publisher, (struct transom_rect){10, 10, 100, 50});
  window_assert_seen(test, 0, (struct placement){1600, 1200, 0, 0, 2});

  x_display_place(&test->display, test->windows[0], 0, 0, 900, 600); /* 1:1 with black at both sides */
  window_assert_seen(test, 0, (struct placement){900, 600, 50, 0, 1});

  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 450, 100, 0); /* the user's size stays */
  test_publisher_publish_whole(&test->publisher);
  window_assert_seen(test, 0, (struct placement){900, 600, 0, 200, 2});
}

static void full_screen_keeps_the_aspect(struct window_test *test) {
  window_publish_first(test);
  window_start_viewer(test, "fullscreen", "--fullscreen");
  window_assert_seen(test, 0, (struct placement){SCREEN_WIDTH, SCREEN_HEIGHT, 0, 0, 3});
}

static void two_viewers_see_the_same(struct window_test *test) {
  window_publish_first(test);
  window_start_viewer(test, "first of two", NULL);
  window_start_viewer(test, "second of two", NULL);
  window_assert_seen(test, 1, window_one_to_one(test)); /* both have taken their size and lie one upon the other: side by side now */
  x_display_place(&test->display, test->windows[0], 0, 0, 640, 400);
  x_display_place(&test->display, test->windows[1], 700, 0, 640, 400);
  for (uint16_t i = 0; i < 10; i++) {
    test_publisher_publish(&test->publisher, (struct transom_rect){(uint16_t)(i * 50), (uint16_t)(i * 30), 120, 90});
    window_assert_seen(test, 0, window_one_to_one(test));
    window_assert_seen(test, 1, window_one_to_one(test));
  }
}

static void screens_come_and_go(struct window_test *test) {
  window_start_viewer(test, "screens", NULL);
  WAIT_FOR(test, window_is_titled(test, "Waiting for the agent"));
  window_publish_first(test);
  window_assert_seen(test, 0, window_one_to_one(test));
  assert_true(window_is_titled(test, "screens") && !window_is_titled(test, "Waiting"));

  uint64_t bright = window_brightness(test);
  test->quiet = true; /* the agent dies: its picture stays, dimmed */
  WAIT_FOR(test, window_is_titled(test, "does not answer"));
  WAIT_FOR(test, window_brightness(test) < bright * 2 / 3);
  assert_true(window_brightness(test) > 0);
  test->quiet = false;
  window_assert_seen(test, 0, window_one_to_one(test));

  test_publisher_format(&test->publisher, 0x9999); /* and starts again */
  test_publisher_mode(&test->publisher, TRANSOM_FORMAT_BGRA8, 700, 300, 0);
  test_publisher_publish_whole(&test->publisher);
  window_assert_seen(test, 0, window_one_to_one(test));
}

static void write_place(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static bool is_at(struct window_test *test, int x, int y) {
  struct x_rect at;
  return x_display_where(&test->display, test->windows[0], &at) && at.x == x && at.y == y;
}

/* Closed where the user put it, opened there again; moved onto the screen when that was another one then. */
static void window_comes_back_where_it_was(struct window_test *test) {
  char directory[] = "/tmp/transom-state-XXXXXX", path[96], command[64];
  const struct placement twice = {1280, 800, 0, 0, 2};
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/transom/default.head0.window", directory);
  assert_int_equal(setenv("XDG_STATE_HOME", directory, 1), 0);
  window_publish_first(test);
  window_start_viewer(test, "first time", "--remember");
  window_assert_seen(test, 0, window_one_to_one(test));
  window_end_viewers(test);
  assert_int_not_equal(access(path, F_OK), 0); /* the user has changed nothing */

  window_start_viewer(test, "second time", "--remember");
  window_assert_seen(test, 0, window_one_to_one(test));
  x_display_place(&test->display, test->windows[0], 150, 90, 1280, 800);
  window_assert_seen(test, 0, twice);
  window_end_viewers(test);

  window_start_viewer(test, "third time", "--remember");
  window_assert_seen(test, 0, twice);
  assert_true(is_at(test, 150, 90));
  window_end_viewers(test);

  write_place(path, "[window]\nplaced = true\nx = 1900\ny = -50\nwidth = 1280\nheight = 800\n");
  window_start_viewer(test, "fourth time", "--remember");
  window_assert_seen(test, 0, twice);
  assert_true(is_at(test, (int)SCREEN_WIDTH - 1280, 0));
  window_end_viewers(test);

  window_start_viewer(test, "and without", "--no-remember");
  window_assert_seen(test, 0, window_one_to_one(test));
  unsetenv("XDG_STATE_HOME");
  snprintf(command, sizeof command, "rm -r '%s'", directory);
  assert_int_equal(system(command), 0);
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
  window_publish_first(test);
  window_start_viewer(test, "idle", "--stats-interval-ms=500");
  window_assert_seen(test, 0, window_one_to_one(test));
  uint64_t before = switches_of(test->viewers[0].pid), from_ms = test->viewers[0].elapsed_ms;
  WAIT_FOR(test, test->viewers[0].elapsed_ms >= from_ms + 3000);
  uint64_t after = switches_of(test->viewers[0].pid);
  assert_in_range(after - before, 0, 6 * 6);
}

static void signal_and_close_end_well(struct window_test *test) {
  window_publish_first(test);
  window_start_viewer(test, "signal", NULL);
  window_assert_seen(test, 0, window_one_to_one(test));
  test->viewer_count = 0;
  assert_int_equal(viewer_process_end(&test->viewers[0], SIGTERM), 0);
  assert_string_equal(test->viewers[0].event, "exit");
  assert_int_equal(test->viewers[0].torn + test->viewers[0].bad, 0);
  assert_int_equal(consumers_count(&test->publisher.consumers), 0); /* it has left its line */
}

/* ---- frame ---- */

static struct window_test *current;

static void run_one(void (*body)(struct window_test *), const char *renderer, const char *driver) {
  struct x_display display = current->display;
  *current = (struct window_test){.display = display, .renderer = renderer, .driver = driver};
  assert_true(test_publisher_init(&current->publisher));
  body(current);
  window_end_viewers(current);
}

static int clean_up(void **state) {
  (void)state;
  window_clean_up(current);
  return 0;
}

#define TEST(name)                                                                                                                         \
  static void name##_in_software(void **state) {                                                                                           \
    (void)state;                                                                                                                           \
    run_one(name, "sdl", "software");                                                                                                      \
  }                                                                                                                                        \
  static void name##_by_vulkan(void **state) {                                                                                             \
    (void)state;                                                                                                                           \
    run_one(name, "vulkan", NULL);                                                                                                         \
  }                                                                                                                                        \
  static void name##_by_default(void **state) {                                                                                            \
    (void)state;                                                                                                                           \
    run_one(name, "sdl", NULL);                                                                                                            \
  }
TEST(every_format_is_seen_exactly)
TEST(rotation_is_undone)
TEST(window_follows_the_mode_until_resized)
TEST(full_screen_keeps_the_aspect)
TEST(two_viewers_see_the_same)
TEST(screens_come_and_go)
TEST(window_comes_back_where_it_was)
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
  cmocka_set_test_filter(getenv("TRANSOM_TEST_FILTER"));
  const struct CMUnitTest tests[] = {
      BOTH(every_format_is_seen_exactly), BOTH(rotation_is_undone),        BOTH(window_follows_the_mode_until_resized),
      BOTH(full_screen_keeps_the_aspect), BOTH(two_viewers_see_the_same),  BOTH(screens_come_and_go),
      BOTH(idle_window_sleeps),           BOTH(signal_and_close_end_well), BOTH(window_comes_back_where_it_was),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  x_display_stop(&test.display);
  return failed;
}
