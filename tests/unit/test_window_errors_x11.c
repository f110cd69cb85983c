/* An X server's complaint does not end the program. */
#include "host/app/window_errors_x11.h"

#include "common/exit_status.h"
#include "support/x_display.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <X11/Xlib.h>

#define NO_WINDOW 0x1fffffffu

static void an_event_to_a_window_that_is_gone_is_survived(void **state) {
  struct x_display *x = *state;
  window_errors_x11_survive();
  Display *display = XOpenDisplay(x->name);
  assert_non_null(display);
  XEvent event = {.xclient = {.type = ClientMessage, .window = NO_WINDOW, .format = 32}};
  XSendEvent(display, NO_WINDOW, False, NoEventMask, &event);
  XSync(display, False);
  assert_int_equal(window_errors_x11_count(), 1);
  XCloseDisplay(display);
}

static int start(void **state) {
  static struct x_display display;
  if (!x_display_start(&display, "640x480x24"))
    exit(EXIT_STATUS_CANNOT_RUN_HERE);
  *state = &display;
  return 0;
}

static int stop(void **state) {
  x_display_stop(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_event_to_a_window_that_is_gone_is_survived, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
