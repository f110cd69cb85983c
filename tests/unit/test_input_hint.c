/* The line on the screen in every state, and with every reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/input_hint.h"

#include <stdio.h>
#include <string.h>

static struct input_view view;
static char text[INPUT_HINT_BYTES];

static int set_up(void **state) {
  (void)state;
  view = (struct input_view){.hint = true, .hears = true, .toggle = "Right Ctrl", .sink = "usb"};
  return 0;
}

static const char *hint(bool always) {
  input_hint_text(&view, "the host keeps some", always, text);
  return text;
}

static void each_state_says_how_to_leave_it(void **state) {
  (void)state;
  assert_string_equal(hint(false), ""); /* nothing has happened yet */
  view.note = INPUT_NOTE_USER;
  assert_string_equal(hint(false), "Released - tap Right Ctrl to capture");
  view.state = CAPTURE_WAITING;
  assert_string_equal(hint(false), "Let go of all keys and buttons to capture");
  view.state = CAPTURE_SUSPENDED;
  assert_non_null(strstr(hint(false), "tap Right Ctrl not to"));
  view.state = CAPTURE_CAPTURED;
  view.grabbed = INPUT_ORIGIN_DEVICES;
  assert_string_equal(hint(false), "Captured - tap Right Ctrl to release");
  view.grabbed = INPUT_ORIGIN_WINDOW;
  assert_string_equal(hint(false), "Captured - tap Right Ctrl to release; the host keeps some");
  view.hint = false;
  assert_string_equal(hint(false), "");
}

static void each_note_fits_and_differs(void **state) {
  (void)state;
  char seen[INPUT_NOTE_WATCHES + 1][INPUT_HINT_BYTES];
  memset(view.refusal, 'x', sizeof view.refusal - 1);
  memset(view.toggle, 'y', sizeof view.toggle - 1);
  for (int note = INPUT_NOTE_USER; note <= INPUT_NOTE_WATCHES; note++) {
    view.note = (enum input_note)note;
    strcpy(seen[note], hint(false));
    for (int other = INPUT_NOTE_USER; other < note; other++)
      assert_string_not_equal(seen[note], seen[other]);
    assert_in_range(strlen(hint(true)), 1, INPUT_HINT_BYTES - 1);
  }
}

static void the_line_that_stays_tells_sink_and_locks(void **state) {
  (void)state;
  view.hint = false;
  view.leds = INPUT_LED_CAPS | INPUT_LED_NUM;
  assert_string_equal(hint(true), "Released - tap Right Ctrl to capture\nby usb, Caps, Num");
  view.hears = false;
  view.leds = 0;
  assert_string_equal(hint(true), "Released - tap Right Ctrl to capture\nby usb, which cannot be heard");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(each_state_says_how_to_leave_it, set_up),
      cmocka_unit_test_setup(each_note_fits_and_differs, set_up),
      cmocka_unit_test_setup(the_line_that_stays_tells_sink_and_locks, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
