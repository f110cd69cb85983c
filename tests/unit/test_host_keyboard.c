/* Host keys at transom-serve: what is played on the host, for whom, and that nothing stays down there. */
#include "support/guard_viewer.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void assert_played(const char *expected) { assert_string_equal(fake_host_keyboard_told(), expected); }

/* With the devices, ready for host keys. */
static void join_with_keyboard(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  guard_join(fixture, viewer, false);
  guard_expect_grant(fixture, viewer);
  guard_expect_and_close(fixture, viewer, "device ");
  assert_int_equal(viewer->host_keys, 1);
}

/* Super and 1, held and given to the host. */
static void hold_chord(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  fake_key_hold(KEY_LEFTMETA, true);
  fake_key_hold(KEY_1, true);
  guard_say(fixture, viewer, "input host-key 7 e3 1\ninput host-key 7 1e 1\n", -1);
  assert_played("+125 +2 ");
}

static void host_keys_are_played_in_their_order(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  guard_say(fixture, &viewer, "input host-key 7 e3 1\n", -1); /* it is down already */
  assert_played("");
  fake_key_hold(KEY_LEFTMETA, false);
  fake_key_hold(KEY_1, false);
  guard_say(fixture, &viewer, "input host-key 7 e3 0\ninput host-key 7 1e 0\ninput host-key 7 1e 0\n", -1);
  assert_played("-125 -2 ");
  fake_key_hold(KEY_VOLUMEUP, true);
  guard_say(fixture, &viewer, "input host-key c e9 1\ninput host-key c e9 0\n", -1);
  assert_played("+115 -115 ");
  guard_leave(fixture, &viewer);
}

static void keys_that_are_not_down_are_not_played(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  fake_key_hold(KEY_2, true);
  fake_key_hold(BTN_LEFT, true);
  guard_say(fixture, &viewer, "input host-key 7 1e 1\ninput host-key 7 1e 0\n", -1);
  guard_say(fixture, &viewer, "input host-key 7 f0 1\ninput host-key c 3ff 1\n", -1); /* keys that Linux does not have */
  assert_played("");
  guard_expect_nothing(fixture, &viewer);
  guard_leave(fixture, &viewer);
}

static void host_keys_are_for_who_has_the_devices(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  fake_key_hold(KEY_1, true);
  join_with_keyboard(fixture, &first);
  guard_join(fixture, &second, false);
  guard_expect(fixture, &second, "busy ");
  guard_say(fixture, &second, "input host-key 7 1e 1\n", -1);
  assert_played("");
  guard_say(fixture, &first, "input back\n", -1);
  assert_int_equal(fake_host_keyboards_open(), 1); /* the second's */
  guard_say(fixture, &first, "input host-key 7 1e 1\n", -1);
  assert_played("");
  guard_leave(fixture, &first);
  guard_leave(fixture, &second);
}

static void without_devices_there_is_no_keyboard(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  fake_input_device_unplug("/dev/input/event3");
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect(fixture, &viewer, "no-devices there are none");
  guard_expect_nothing(fixture, &viewer);
  assert_int_equal(fake_host_keyboards_open(), 0);
  fake_input_device_plug("/dev/input/event3", "Keyboard", INPUT_DEVICE_KEYBOARD);
  guard_expect_and_close(fixture, &viewer, "device ");
  assert_int_equal(viewer.host_keys, 1);
  fake_input_device_plug("/dev/input/event4", "Keyboard", INPUT_DEVICE_KEYBOARD);
  guard_expect_and_close(fixture, &viewer, "device ");
  assert_int_equal(viewer.host_keys, 1); /* said once */
  guard_leave(fixture, &viewer);
}

static void without_uinput_it_is_said_once(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  fake_host_keyboard_fail(EACCES);
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "device ");
  guard_expect(fixture, &viewer, "no-host-keys transom-serve cannot open /dev/uinput: Permission denied");
  fake_key_hold(KEY_1, true);
  guard_say(fixture, &viewer, "input host-key 7 1e 1\n", -1);
  fake_input_device_plug("/dev/input/event4", "Keyboard", INPUT_DEVICE_KEYBOARD);
  guard_expect_and_close(fixture, &viewer, "device ");
  guard_expect_nothing(fixture, &viewer);
  assert_played("");
  guard_leave(fixture, &viewer);
}

static void assert_all_up(void) {
  assert_played("-2 -125 ");
  assert_int_equal(fake_host_keyboards_open(), 0);
}

static void the_dead_leave_no_host_key_down(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  guard_leave(fixture, &viewer);
  assert_all_up();
}

static void the_silent_leave_no_host_key_down(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  guard_pass(fixture, INPUT_GUARD_SILENCE_NS);
  assert_all_up();
  guard_leave(fixture, &viewer);
}

static void the_revoked_leave_no_host_key_down(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  fake_login_set(geteuid(), LOGIN_LOCKED);
  assert_all_up();
  guard_say(fixture, &viewer, "input host-key 7 1e 1\n", -1);
  assert_played("");
  guard_leave(fixture, &viewer);
}

static void the_replaced_leave_no_host_key_down(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  join_with_keyboard(fixture, &first);
  hold_chord(fixture, &first);
  guard_join(fixture, &second, true);
  assert_played("-2 -125 ");
  guard_leave(fixture, &first);
  guard_leave(fixture, &second);
}

static void who_gives_back_leaves_no_host_key_down(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  guard_say(fixture, &viewer, "input back\n", -1);
  assert_all_up();
  guard_leave(fixture, &viewer);
}

/* A viewer that keeps a key down which the user has let go of. */
static void lifted_keys_are_released_unasked(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  hold_chord(fixture, &viewer);
  guard_pass(fixture, SECOND);
  assert_played("");
  fake_key_hold(KEY_1, false);
  guard_pass(fixture, SECOND);
  assert_played(""); /* the viewer may be about to say so */
  guard_say(fixture, &viewer, "input alive\n", -1);
  guard_pass(fixture, SECOND);
  assert_played("-2 ");
  guard_leave(fixture, &viewer);
  assert_played("-125 ");
}

/* A volume knob says more than sixteen lines a second. */
static void host_keys_have_a_bound_of_their_own(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  join_with_keyboard(fixture, &viewer);
  for (unsigned i = 0; i < 512; i++)
    guard_say(fixture, &viewer, "input host-key c e9 0\n", -1);
  guard_say(fixture, &viewer, "input alive\n", -1);
  assert_false(guard_hear(fixture, &viewer));
  guard_pass(fixture, SECOND);
  for (unsigned i = 0; i < 512; i++)
    guard_say(fixture, &viewer, "input host-key c e9 0\n", -1);
  assert_false(guard_hear(fixture, &viewer));
  guard_say(fixture, &viewer, "input host-key c e9 0\n", -1);
  assert_true(guard_hear(fixture, &viewer));
  guard_leave(fixture, &viewer);
}

#define T(test) cmocka_unit_test_setup_teardown(test, guard_set_up, guard_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(host_keys_are_played_in_their_order),    T(keys_that_are_not_down_are_not_played), T(host_keys_are_for_who_has_the_devices),
      T(without_devices_there_is_no_keyboard),   T(without_uinput_it_is_said_once),        T(the_dead_leave_no_host_key_down),
      T(the_silent_leave_no_host_key_down),      T(the_revoked_leave_no_host_key_down),    T(the_replaced_leave_no_host_key_down),
      T(who_gives_back_leaves_no_host_key_down), T(lifted_keys_are_released_unasked),      T(host_keys_have_a_bound_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
