/* The viewer's window under a window manager: it comes back where it was, frame and all, leaves and enters full screen by its key, and says
 * so when the display that it was to open on is not there. */
#include "presented.h"

#include "support/window_manager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN_WIDTH 1920u
#define SCREEN_HEIGHT 1200u

static const struct placement twice = {1280, 800, 0, 0, 2}, full_screen = {SCREEN_WIDTH, SCREEN_HEIGHT, 0, 0, 3};
static char directory[] = "/tmp/transom-state-XXXXXX";

static struct x_rect place_of_window(void) {
  struct x_rect at;
  assert_true(x_display_where(&current->display, current->windows[0], &at));
  return at;
}

static bool is_at(struct x_rect place) {
  struct x_rect at;
  return x_display_where(&current->display, current->windows[0], &at) && at.x == place.x && at.y == place.y && at.width == place.width &&
         at.height == place.height;
}

/* A user's key, to the window that has the focus. */
static void press_f11(void) {
  char command[64];
  snprintf(command, sizeof command, "DISPLAY=%s xdotool key F11", current->display.name);
  assert_int_equal(system(command), 0);
}

static void open_viewer(const char *title) {
  window_start_viewer(current, title, "--remember");
  if (current->publisher.writer.sequence == 0)
    window_publish_first(current);
}

/* Moves and resizes it as a pager would, and waits until the window manager has done both. */
static struct x_rect put_window(void) {
  struct x_rect before = place_of_window();
  x_display_place(&current->display, current->windows[0], 150, 90, 1280, 800);
  window_assert_seen(current, 0, twice);
  WAIT_FOR(current, place_of_window().x != before.x || place_of_window().y != before.y);
  return place_of_window();
}

static void window_comes_back_under_its_frame(void **state) {
  (void)state;
  window_publish_first(current);
  open_viewer("first time");
  window_assert_seen(current, 0, window_one_to_one(current));
  struct x_rect place = put_window();
  window_end_viewers(current);
  for (unsigned i = 0; i < 3; i++) { /* it must not creep by the frame's width each time */
    open_viewer("again");
    window_assert_seen(current, 0, twice);
    WAIT_FOR(current, is_at(place));
    window_end_viewers(current);
  }
}

static void f11_enters_and_leaves_full_screen(void **state) {
  (void)state;
  window_publish_first(current);
  open_viewer("full screen");
  window_assert_seen(current, 0, window_one_to_one(current));
  struct x_rect place = put_window();
  for (unsigned i = 0; i < 2; i++) {
    press_f11();
    window_assert_seen(current, 0, full_screen);
    test_publisher_publish(&current->publisher, presented_some_rect(i));
    window_assert_seen(current, 0, full_screen);
    press_f11();
    window_assert_seen(current, 0, twice);
    WAIT_FOR(current, is_at(place));
  }
  press_f11();
  window_assert_seen(current, 0, full_screen);
  window_end_viewers(current);

  open_viewer("full screen again"); /* as it was left */
  window_assert_seen(current, 0, full_screen);
  press_f11();
  window_assert_seen(current, 0, twice);
}

static void missing_display_is_said(void **state) {
  (void)state;
  window_publish_first(current);
  current->extra[0] = "--display=1";
  window_start_viewer(current, "no such display", "--fullscreen");
  window_assert_seen(current, 0, full_screen);
  assert_int_equal(viewer_process_said(&current->viewers[0], "there is no display 1: the first is taken"), 1);
}

static int set_up(void **state) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s/transom'", directory);
  return system(command) == 0 ? presented_set_up(state) : -1;
}

static pid_t manager;

static int start_manager(void **state) {
  (void)state;
  return (manager = window_manager_start(&current->display, directory)) > 0 ? 0 : -1;
}

static int stop_manager(void **state) {
  (void)state;
  window_manager_stop(manager);
  return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, presented_tear_down)
  const struct CMUnitTest tests[] = {TEST(window_comes_back_under_its_frame), TEST(f11_enters_and_leaves_full_screen),
                                     TEST(missing_display_is_said)};
  if (system("command -v openbox >/dev/null && command -v xdotool >/dev/null") != 0) {
    fprintf(stderr, "no openbox or no xdotool here\n");
    return 77;
  }
  if (!mkdtemp(directory) || setenv("XDG_STATE_HOME", directory, 1) != 0)
    return 1;
  int failed = presented_run_with("1920x1200x24", tests, start_manager, stop_manager);
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  return system(command) == 0 ? failed : 1;
}
