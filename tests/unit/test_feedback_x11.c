/* X11's Present extension told by a real X server: pictures that this test presents itself, with numbers as a driver gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "host/present/feedback/feedback.h"
#include "host/present/feedback/feedback_x11.h"
#include "support/x_display.h"

#include <stdlib.h>
#include <time.h>
#include <xcb/present.h>

#define WIDTH 64
#define HEIGHT 48
#define PATIENCE_STEPS 5000 /* of a millisecond: until a test that waits in vain goes on */

struct driver {
  struct x_display display;
  xcb_connection_t *connection;
  xcb_window_t window;
  xcb_pixmap_t pixmap;
  uint32_t serial;
};

static int start(void **state) {
  static struct driver driver;
  driver = (struct driver){0};
  if (!x_display_start(&driver.display, "640x480x24"))
    exit(77);
  setenv("DISPLAY", driver.display.name, 1);
  driver.connection = xcb_connect(NULL, NULL);
  const xcb_screen_t *screen = xcb_setup_roots_iterator(xcb_get_setup(driver.connection)).data;
  driver.window = xcb_generate_id(driver.connection);
  driver.pixmap = xcb_generate_id(driver.connection);
  xcb_create_window(driver.connection, XCB_COPY_FROM_PARENT, driver.window, screen->root, 0, 0, WIDTH, HEIGHT, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual, 0, NULL);
  xcb_create_pixmap(driver.connection, screen->root_depth, driver.pixmap, driver.window, WIDTH, HEIGHT);
  xcb_map_window(driver.connection, driver.window);
  free(xcb_get_input_focus_reply(driver.connection, xcb_get_input_focus(driver.connection), NULL)); /* all that has been done */
  *state = &driver;
  return 0;
}

static int stop(void **state) {
  struct driver *driver = *state;
  xcb_disconnect(driver->connection);
  x_display_stop(&driver->display);
  return 0;
}

/* As Mesa does it for a swapchain: the number is one more than the last one's. */
static void present(struct driver *driver) {
  xcb_present_pixmap(driver->connection, driver->window, driver->pixmap, ++driver->serial, XCB_NONE, XCB_NONE, 0, 0, XCB_NONE, XCB_NONE,
                     XCB_NONE, 0, 0, 0, 0, 0, NULL);
  xcb_flush(driver->connection);
}

struct shown {
  unsigned news;
  uint64_t last_ns;
};

/* One picture, counted as `count`. Waits until something is told, as long as that may change what is believed. */
static void show(struct driver *driver, struct feedback *feedback, uint32_t count, bool waits, struct shown *shown) {
  const uint64_t picture = feedback_ask(feedback), submitted_ns = clock_raw_ns();
  struct feedback_news news;
  const unsigned good = feedback_stamps(feedback);
  present(driver);
  const uint64_t returned_ns = clock_raw_ns();
  feedback_handed_over(feedback, count, submitted_ns, returned_ns);
  for (int left = PATIENCE_STEPS; left > 0; left--) {
    if (feedback_take(feedback, clock_raw_ns(), &news)) {
      assert_int_equal(news.picture, picture);
      assert_in_range(news.shown_ns, submitted_ns, clock_raw_ns());
      assert_true(news.shown_ns > shown->last_ns);
      shown->last_ns = news.shown_ns;
      shown->news++;
      return;
    }
    if (!waits || feedback_stamps(feedback) > good || feedback_state(feedback) == FEEDBACK_REFUSED)
      return;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static void a_real_server_is_believed(void **state) {
  struct driver *driver = *state;
  struct feedback *feedback = feedback_create(feedback_x11_create(driver->window));
  struct shown shown = {0};
  assert_non_null(feedback);
  assert_string_equal(feedback_name(feedback), "X11 Present");
  for (uint32_t i = 1; i <= FEEDBACK_JUDGE_STAMPS + 20; i++)
    show(driver, feedback, i, true, &shown);
  assert_null(feedback_reason(feedback));
  assert_int_equal(feedback_state(feedback), FEEDBACK_BELIEVED);
  assert_int_equal(shown.news, 20);
  driver->serial = 0; /* images made anew: numbers come again, and the first ones are not waited for */
  for (uint32_t i = 1; i <= 5; i++)
    show(driver, feedback, i, false, &shown);
  assert_int_equal(feedback_state(feedback), FEEDBACK_BELIEVED);
  feedback_destroy(feedback);
}

static void a_driver_that_counts_otherwise_is_noticed(void **state) {
  struct driver *driver = *state;
  struct feedback *feedback = feedback_create(feedback_x11_create(driver->window));
  struct shown shown = {0};
  driver->serial = 1000;
  for (uint32_t i = 1; i <= FEEDBACK_JUDGE_SILENCE_MAX + 1; i++)
    show(driver, feedback, i, false, &shown);
  assert_int_equal(feedback_state(feedback), FEEDBACK_REFUSED);
  assert_string_equal(feedback_reason(feedback), "it tells of no picture");
  feedback_destroy(feedback);
}

static void a_window_that_is_gone_has_no_source(void **state) {
  struct driver *driver = *state;
  assert_null(feedback_x11_create(driver->window + 4000));
  setenv("DISPLAY", ":4093", 1);
  assert_null(feedback_x11_create(driver->window));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_real_server_is_believed, start, stop),
      cmocka_unit_test_setup_teardown(a_driver_that_counts_otherwise_is_noticed, start, stop),
      cmocka_unit_test_setup_teardown(a_window_that_is_gone_has_no_source, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
