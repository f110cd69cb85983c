/* Who has a VM's input, and how it is taken back: the guard of transom-serve on a clock that the test moves, with devices, login sessions
 * and a monitor of the test's own. */
#include "host/serve/key_release.h"
#include "support/guard_viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

/* ---- QEMU ---- */

static int connect_qemu(struct guard_fixture *fixture) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(getsockname(fixture->listener, (struct sockaddr *)&address, &length), 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
  manual_event_loop_settle(fixture->loop);
  return fd;
}

static bool has_ended(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* All that was said on the monitor's other end. */
static size_t read_monitor(int fd, char *text, size_t capacity) {
  const ssize_t count = recv(fd, text, capacity - 1, MSG_DONTWAIT);
  text[count > 0 ? count : 0] = 0;
  return count > 0 ? (size_t)count : 0;
}

static void answer(struct guard_fixture *fixture, int monitor, const char *text) {
  assert_int_equal(send(monitor, text, strlen(text), 0), strlen(text));
  manual_event_loop_settle(fixture->loop);
}

static void share_monitor(struct guard_fixture *fixture, struct guard_viewer *viewer, int monitor[2]) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor), 0);
  guard_say(fixture, viewer, "input qmp\n", monitor[0]);
  close(monitor[0]);
}

/* ---- asking ---- */

static void first_is_granted_second_waits(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  guard_join(fixture, &first, false);
  guard_expect_grant(fixture, &first);
  guard_expect_and_close(fixture, &first, "device /dev/input/event3 1 3 46d c52b\tKeyboard\t\t");
  guard_join(fixture, &second, false);
  guard_expect(fixture, &second, "busy ");
  guard_expect_nothing(fixture, &second);
  guard_leave(fixture, &first);
  guard_expect_grant(fixture, &second);
  guard_expect_and_close(fixture, &second, "device ");
  guard_leave(fixture, &second);
}

static void giving_back_lets_the_next_have_it(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  guard_join(fixture, &first, false);
  guard_join(fixture, &second, false);
  guard_expect(fixture, &second, "busy ");
  guard_say(fixture, &first, "input back\n", -1);
  assert_int_equal(fake_input_devices_revoked(), 1);
  guard_expect_grant(fixture, &second);
  guard_expect_grant(fixture, &first);
  guard_expect_and_close(fixture, &first, "device ");
  guard_expect(fixture, &first, "lost given back");
  guard_expect_nothing(fixture, &first);
  guard_say(fixture, &first, "input\n", -1);
  guard_expect(fixture, &first, "busy ");
  guard_leave(fixture, &first);
  guard_leave(fixture, &second);
}

static void take_replaces_and_the_replaced_queues(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  const int qemu = connect_qemu(fixture);
  guard_join(fixture, &first, false);
  guard_expect_grant(fixture, &first);
  const int usb = guard_expect(fixture, &first, "usb input");
  guard_expect_and_close(fixture, &first, "device ");
  guard_join(fixture, &second, true);
  guard_expect(fixture, &first, "lost another viewer took it");
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu)); /* though a copy of its other end is open */
  guard_expect_grant(fixture, &second);
  guard_expect_and_close(fixture, &second, "device ");
  guard_leave(fixture, &second);
  guard_expect_nothing(fixture, &first); /* not before it has said that it let go of its keys */
  guard_say(fixture, &first, "input released\n", -1);
  guard_expect_grant(fixture, &first);
  guard_leave(fixture, &first);
  close(usb);
  close(qemu);
}

static void devices_come_and_go(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  fake_input_device_plug("/dev/input/event4", "Lid Switch", 0);
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "device /dev/input/event3 ");
  guard_expect_nothing(fixture, &viewer);
  fake_input_device_plug("/dev/input/event5", "Mouse", INPUT_DEVICE_POINTER);
  guard_expect_and_close(fixture, &viewer, "device /dev/input/event5 2 ");
  fake_input_device_unplug("/dev/input/event3");
  guard_expect(fixture, &viewer, "device-gone /dev/input/event3");
  guard_leave(fixture, &viewer);
}

static void without_devices_the_rest_is_granted(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  fake_input_devices_deny(true);
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect(fixture, &viewer, "no-devices the server may not open any");
  guard_leave(fixture, &viewer);
}

/* ---- the USB channels ---- */

static void channel_waits_unread_for_a_viewer(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  char bytes[8];
  const int qemu = connect_qemu(fixture);
  assert_int_equal(send(qemu, "hello", 5, 0), 5);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0); /* it costs no turn of the loop */
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  const int usb = guard_expect(fixture, &viewer, "usb input");
  assert_int_equal(recv(usb, bytes, sizeof bytes, MSG_DONTWAIT), 5);
  close(usb);
  close(qemu);
  manual_event_loop_settle(fixture->loop);
  const int again = connect_qemu(fixture); /* QEMU was restarted */
  guard_expect_and_close(fixture, &viewer, "device ");
  guard_expect_and_close(fixture, &viewer, "usb input");
  close(again);
  guard_leave(fixture, &viewer);
}

static void second_qemu_is_turned_away(void **state) {
  struct guard_fixture *fixture = *state;
  const int first = connect_qemu(fixture), second = connect_qemu(fixture);
  assert_true(has_ended(second));
  assert_false(has_ended(first));
  close(first);
  close(second);
  const int third = connect_qemu(fixture);
  assert_false(has_ended(third));
  close(third);
}

static void other_users_do_not_pose_as_qemu(void **state) {
  struct guard_fixture *fixture = *state;
  fixture->users = (struct qemu_users){{12345}, 1};
  const int fd = connect_qemu(fixture);
  assert_true(has_ended(fd));
  close(fd);
}

/* ---- taking back ---- */

static void silence_of_three_seconds_ends_it(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer, other;
  const int qemu = connect_qemu(fixture);
  guard_join(fixture, &viewer, false);
  guard_join(fixture, &other, false);
  for (int i = 0; i < 5; i++) {
    guard_pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
    guard_say(fixture, &viewer, "input alive\n", -1);
  }
  assert_int_equal(fake_input_devices_revoked(), 0);
  guard_pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
  assert_int_equal(fake_input_devices_revoked(), 0);
  guard_pass(fixture, 1);
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu));
  guard_expect(fixture, &other, "busy ");
  guard_expect_grant(fixture, &other);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "usb input");
  guard_expect_and_close(fixture, &viewer, "device ");
  guard_expect(fixture, &viewer, "lost nothing was heard");
  guard_leave(fixture, &other);
  guard_expect_nothing(fixture, &viewer); /* still silent: nobody to give it to */
  guard_say(fixture, &viewer, "input released\n", -1);
  guard_expect_grant(fixture, &viewer);
  guard_leave(fixture, &viewer);
  close(qemu);
}

/* Lines that wait to be read when the time is up were said in time: it was the server that slept. */
static void own_sleep_is_not_held_against_the_viewer(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "device ");
  assert_int_equal(line_socket_send(viewer.lines.fd, "input alive\n", -1), 0);
  manual_event_loop_advance(fixture->loop, INPUT_GUARD_SILENCE_NS);
  guard_expect_nothing(fixture, &viewer);
  assert_int_equal(fake_input_devices_revoked(), 0);
  guard_leave(fixture, &viewer);
}

static void session_decides(void **state, enum login_presence presence, const char *why) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  const int qemu = connect_qemu(fixture);
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "usb input");
  guard_expect_and_close(fixture, &viewer, "device ");
  fake_login_set(geteuid(), presence);
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu));
  guard_expect(fixture, &viewer, why);
  guard_say(fixture, &viewer, "input released\n", -1);
  guard_say(fixture, &viewer, "input take\n", -1); /* no way around */
  guard_expect_nothing(fixture, &viewer);
  fake_login_set(geteuid(), LOGIN_HERE);
  guard_expect_grant(fixture, &viewer);
  guard_leave(fixture, &viewer);
  close(qemu);
}

static void switched_session_loses_it(void **state) { session_decides(state, LOGIN_AWAY, "lost your login session is switched away"); }
static void locked_session_loses_it(void **state) { session_decides(state, LOGIN_LOCKED, "lost your login session is locked"); }

static void remote_user_has_usb_but_no_devices(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  const int qemu = connect_qemu(fixture);
  fake_login_set(1000, LOGIN_NO_SEAT);
  guard_join_as(fixture, &viewer, 1000, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "usb input");
  guard_expect(fixture, &viewer, "no-devices you have no login session");
  fake_login_set(1000, LOGIN_HERE);
  guard_expect_and_close(fixture, &viewer, "device ");
  fake_login_set(1000, LOGIN_UNKNOWN);
  guard_expect(fixture, &viewer, "lost there is no logind");
  guard_leave(fixture, &viewer);
  close(qemu);
}

/* A private server: what it can open, its user could open without it. */
static void own_user_needs_no_session_for_devices(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  static const enum login_presence presences[] = {LOGIN_NO_SEAT, LOGIN_UNKNOWN};
  for (int i = 0; i < 2; i++) {
    fake_login_reset(presences[i]);
    guard_join(fixture, &viewer, false);
    guard_expect_grant(fixture, &viewer);
    guard_expect_and_close(fixture, &viewer, "device ");
    guard_leave(fixture, &viewer);
  }
  fake_login_reset(LOGIN_AWAY); /* but one who sits here and is switched away has his keyboard taken back all the same */
  guard_join(fixture, &viewer, false);
  guard_expect(fixture, &viewer, "refused your login session is switched away");
  guard_leave(fixture, &viewer);
}

static void remote_user_cannot_take_from_who_is_here(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer here, remote;
  fake_login_set(1000, LOGIN_HERE);
  fake_login_set(1001, LOGIN_NO_SEAT);
  guard_join_as(fixture, &here, 1000, false);
  guard_join_as(fixture, &remote, 1001, true);
  guard_expect(fixture, &remote, "busy ");
  guard_expect_nothing(fixture, &remote);
  fake_login_set(1001, LOGIN_HERE); /* a second seat */
  guard_say(fixture, &remote, "input take\n", -1);
  guard_expect_grant(fixture, &remote);
  guard_leave(fixture, &here);
  guard_leave(fixture, &remote);
}

/* ---- key-ups over QMP ---- */

static const char *const ups = "\xff\n"
                               "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"key\",\"data\":{\"down\":false,"
                               "\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}}]}}\n"
                               "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"btn\",\"data\":{\"down\":false,"
                               "\"button\":\"left\"}}]}}\n"
                               "{\"execute\":\"query-status\",\"id\":\"transom-serve-release\"}\n";

static void press_some(struct guard_viewer *viewer) {
  held_keys_put(viewer->held, 0x07, 0x04, true);
  held_keys_put(viewer->held, 0x07, 0x05, true);
  held_keys_put(viewer->held, 0x07, 0x05, false);
  held_keys_put(viewer->held, 0x09, 1, true);
  held_keys_put(viewer->held, 0x09, 9, true); /* QEMU has no name for it */
  held_keys_put(viewer->held, 0x33, 4, true); /* no such page */
  held_keys_put(viewer->held, 0x07, 300, true);
}

static void keys_of_the_dead_are_released(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  int monitor[2];
  char text[2048];
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  guard_leave(fixture, &viewer);
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  assert_false(has_ended(monitor[1])); /* QEMU forgets what it has not run when we hang up */
  answer(fixture, monitor[1], "{\"error\":{}}\n{\"return\": {\"running\": true}, \"id\": \"transom-se");
  assert_false(has_ended(monitor[1]));
  answer(fixture, monitor[1], "rve-release\"}\n");
  assert_true(has_ended(monitor[1]));
  close(monitor[1]);
}

/* A paused VM takes no keys: they are said again when it goes on, however long that takes. */
static void keys_are_released_when_a_paused_vm_goes_on(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  int monitor[2];
  char text[2048];
  static const char paused[] =
      "{\"error\": {}}\r\n{\"return\": {\"status\": \"paused\", \"running\": false}, \"id\": \"transom-serve-release\"}\r\n";
  static const char running[] = "{\"return\": {\"status\": \"running\", \"running\": true}, \"id\": \"transom-serve-release\"}\r\n";
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  guard_leave(fixture, &viewer);
  read_monitor(monitor[1], text, sizeof text);
  answer(fixture, monitor[1], paused);
  guard_pass(fixture, 100 * KEY_RELEASE_LIMIT_NS);
  assert_false(has_ended(monitor[1]));
  answer(fixture, monitor[1], "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}\r\n");
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  answer(fixture, monitor[1], running);
  assert_true(has_ended(monitor[1]));
  close(monitor[1]);
}

static void qemu_that_does_not_answer_is_left_alone(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  int monitor[2];
  char text[2048];
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  guard_leave(fixture, &viewer);
  read_monitor(monitor[1], text, sizeof text);
  guard_pass(fixture, KEY_RELEASE_LIMIT_NS);
  assert_true(has_ended(monitor[1]));
  close(monitor[1]);
}

/* It may go on: its replies are its own. */
static void keys_of_the_stopped_are_released(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  int monitor[2];
  char text[2048];
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  guard_pass(fixture, INPUT_GUARD_SILENCE_NS);
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  guard_leave(fixture, &viewer);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0); /* once */
  close(monitor[1]);
}

/* A viewer that lives releases its own keys; one that does not say so in time is helped. */
static void replaced_viewer_is_given_time(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  int monitor[2];
  char text[2048];
  guard_join(fixture, &first, false);
  guard_expect_grant(fixture, &first);
  share_monitor(fixture, &first, monitor);
  press_some(&first);
  guard_join(fixture, &second, true);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  guard_pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
  guard_say(fixture, &first, "input alive\n", -1); /* that is no answer */
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  guard_pass(fixture, 1);
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  guard_leave(fixture, &first);
  guard_leave(fixture, &second);
  close(monitor[1]);
}

static void replaced_viewer_that_answers_is_trusted(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer first, second;
  int monitor[2];
  char text[2048];
  guard_join(fixture, &first, false);
  guard_expect_grant(fixture, &first);
  share_monitor(fixture, &first, monitor);
  press_some(&first);
  guard_join(fixture, &second, true);
  guard_say(fixture, &first, "input released\n", -1);
  guard_pass(fixture, 2 * INPUT_GUARD_SILENCE_NS);
  guard_leave(fixture, &first);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  guard_leave(fixture, &second);
  close(monitor[1]);
}

static void only_a_monitor_is_written_to(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  int pipe_ends[2];
  char byte;
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
  guard_say(fixture, &viewer, "input qmp\n", pipe_ends[1]);
  close(pipe_ends[1]);
  press_some(&viewer);
  guard_leave(fixture, &viewer);
  assert_int_equal(read(pipe_ends[0], &byte, 1), 0); /* closed, and nothing was written */
  close(pipe_ends[0]);
}

/* ---- clients that mean ill ---- */

static void assert_dropped(struct guard_fixture *fixture, const char *line, int fd) {
  struct guard_viewer viewer, next;
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  (void)line_socket_send(viewer.lines.fd, line, fd);
  assert_true(guard_hear(fixture, &viewer));
  guard_leave(fixture, &viewer);
  guard_join(fixture, &next, false);
  guard_expect_grant(fixture, &next);
  guard_leave(fixture, &next);
}

static void nonsense_ends_the_connection(void **state) {
  struct guard_fixture *fixture = *state;
  static char endless[LINE_SOCKET_BYTES_MAX + 2];
  memset(endless, 'x', sizeof endless - 1);
  assert_dropped(fixture, "hello\n", -1);
  assert_dropped(fixture, "input alive \n", -1);
  assert_dropped(fixture, "peer 3\n", -1);
  assert_dropped(fixture, "input host-key 9 1 1\n", -1);
  assert_dropped(fixture, "input qmp\n", -1); /* without a descriptor */
  assert_dropped(fixture, endless, -1);
}

static void flood_ends_the_connection(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  guard_expect_and_close(fixture, &viewer, "device ");
  for (int second = 0; second < 3; second++) { /* a busy second is fine */
    for (int i = 0; i < 16; i++)
      guard_say(fixture, &viewer, "input alive\n", -1);
    guard_pass(fixture, SECOND);
  }
  for (int i = 0; i < 17; i++)
    (void)line_socket_send(viewer.lines.fd, "input alive\n", -1);
  assert_true(guard_hear(fixture, &viewer));
  guard_leave(fixture, &viewer);
}

static void descriptors_are_counted(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewer;
  guard_join(fixture, &viewer, false);
  guard_expect_grant(fixture, &viewer);
  for (unsigned i = 0; i <= LINE_SOCKET_FDS_MAX; i++)
    (void)line_socket_send(viewer.lines.fd, "i", 2);
  assert_true(guard_hear(fixture, &viewer));
  guard_leave(fixture, &viewer);
}

static void sixteen_viewers_and_no_more(void **state) {
  struct guard_fixture *fixture = *state;
  struct guard_viewer viewers[INPUT_GUARD_CLIENTS_MAX], extra;
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    guard_join(fixture, &viewers[i], false);
  guard_join(fixture, &extra, false);
  assert_true(guard_hear(fixture, &extra));
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    guard_leave(fixture, &viewers[i]);
  guard_leave(fixture, &extra);
}

#define T(test) cmocka_unit_test_setup_teardown(test, guard_set_up, guard_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(first_is_granted_second_waits),
      T(giving_back_lets_the_next_have_it),
      T(take_replaces_and_the_replaced_queues),
      T(devices_come_and_go),
      T(without_devices_the_rest_is_granted),
      T(channel_waits_unread_for_a_viewer),
      T(second_qemu_is_turned_away),
      T(other_users_do_not_pose_as_qemu),
      T(silence_of_three_seconds_ends_it),
      T(own_sleep_is_not_held_against_the_viewer),
      T(switched_session_loses_it),
      T(locked_session_loses_it),
      T(remote_user_has_usb_but_no_devices),
      T(own_user_needs_no_session_for_devices),
      T(remote_user_cannot_take_from_who_is_here),
      T(keys_of_the_dead_are_released),
      T(keys_are_released_when_a_paused_vm_goes_on),
      T(qemu_that_does_not_answer_is_left_alone),
      T(keys_of_the_stopped_are_released),
      T(replaced_viewer_is_given_time),
      T(replaced_viewer_that_answers_is_trusted),
      T(only_a_monitor_is_written_to),
      T(nonsense_ends_the_connection),
      T(flood_ends_the_connection),
      T(descriptors_are_counted),
      T(sixteen_viewers_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
