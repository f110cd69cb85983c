/* Who has a VM's input, and how it is taken back: the guard of transom-serve on a clock that the test moves, with devices, login sessions
 * and a monitor of the test's own. */
#include "common/line_socket.h"
#include "common/log.h"
#include "host/serve/input_guard.h"
#include "host/serve/key_release.h"
#include "host/serve/usb_channels.h"
#include "support/fake_input_devices.h"
#include "support/fake_login_sessions.h"
#include "support/manual_event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define SAID_MAX 64

struct viewer {
  struct line_socket lines;
  char said[SAID_MAX][128]; /* what the server said, in order, that nobody has expected yet */
  int fds[SAID_MAX];        /* with it, or -1 */
  unsigned count;
  struct held_keys *held; /* as last granted */
};

struct fixture {
  struct event_loop *loop;
  struct qemu_users users;
  struct usb_channels *channels;
  struct input_guard *guard;
  int listener;
};

static int listen_somewhere(void) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address.sun_family), 0);
  assert_int_equal(listen(listener, 8), 0);
  return listener;
}

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  signal(SIGPIPE, SIG_IGN);
  log_set_level(LOG_ERROR);
  fake_login_reset(LOGIN_HERE);
  fake_input_devices_reset();
  fake_input_device_plug("/dev/input/event3", "Keyboard", INPUT_DEVICE_KEYBOARD);
  fixture->loop = event_loop_create(EVENT_LOOP_EPOLL);
  assert_int_equal(qemu_users_init(&fixture->users, ""), 0);
  fixture->channels = usb_channels_create(fixture->loop, &fixture->users);
  const struct input_guard_options options = {fixture->channels, &fixture->users, &fake_input_device_access};
  fixture->guard = input_guard_create(fixture->loop, &options);
  fixture->listener = listen_somewhere();
  assert_int_equal(usb_channels_listen(fixture->channels, USB_CHANNELS_INPUT, fixture->listener), 0);
  return 0;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  input_guard_destroy(fixture->guard);
  usb_channels_destroy(fixture->channels);
  event_loop_destroy(fixture->loop);
  close(fixture->listener);
  assert_int_equal(fake_input_devices_opened(), fake_input_devices_revoked()); /* nothing stays lent */
  free(fixture);
  return 0;
}

/* ---- viewers ---- */

static bool carries_descriptor(const char *line) {
  return !strcmp(line, "granted") || !strncmp(line, "device ", 7) || !strncmp(line, "usb ", 4);
}

static bool note_line(char *line, void *user_data) {
  struct viewer *viewer = user_data;
  assert_true(viewer->count < SAID_MAX && strlen(line) < sizeof viewer->said[0]);
  strcpy(viewer->said[viewer->count], line);
  viewer->fds[viewer->count] = carries_descriptor(line) ? line_socket_take_fd(&viewer->lines) : -1;
  assert_true(!carries_descriptor(line) || viewer->fds[viewer->count] >= 0);
  viewer->count++;
  return true;
}

/* True: the server has closed the connection. */
static bool hear(struct fixture *fixture, struct viewer *viewer) {
  manual_event_loop_settle(fixture->loop);
  struct pollfd poll_fd = {.fd = viewer->lines.fd, .events = POLLIN};
  while (poll(&poll_fd, 1, 0) == 1)
    if (line_socket_receive(&viewer->lines, note_line, viewer))
      return true;
  return false;
}

/* The next line begins so; its descriptor, or -1. */
static int expect(struct fixture *fixture, struct viewer *viewer, const char *beginning) {
  hear(fixture, viewer);
  assert_true(viewer->count > 0);
  if (strncmp(viewer->said[0], beginning, strlen(beginning)))
    fail_msg("'%s' instead of '%s'", viewer->said[0], beginning);
  const int fd = viewer->fds[0];
  viewer->count--;
  memmove(viewer->said, viewer->said + 1, viewer->count * sizeof viewer->said[0]);
  memmove(viewer->fds, viewer->fds + 1, viewer->count * sizeof viewer->fds[0]);
  return fd;
}

static void expect_nothing(struct fixture *fixture, struct viewer *viewer) {
  assert_false(hear(fixture, viewer));
  if (viewer->count)
    fail_msg("'%s' instead of nothing", viewer->said[0]);
}

static void expect_and_close(struct fixture *fixture, struct viewer *viewer, const char *beginning) {
  const int fd = expect(fixture, viewer, beginning);
  if (fd >= 0)
    close(fd);
}

static void expect_grant(struct fixture *fixture, struct viewer *viewer) {
  const int fd = expect(fixture, viewer, "granted");
  viewer->held = mmap(NULL, sizeof *viewer->held, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  assert_ptr_not_equal(viewer->held, MAP_FAILED);
  close(fd);
}

static void say(struct fixture *fixture, struct viewer *viewer, const char *line, int fd) {
  assert_int_equal(line_socket_send(viewer->lines.fd, line, fd), 0);
  manual_event_loop_settle(fixture->loop);
}

/* As viewer_control hands it on. SO_PEERCRED is who connected, as he was then. */
static void join_as(struct fixture *fixture, struct viewer *viewer, uid_t uid, bool take) {
  int pair[2];
  const uid_t me = geteuid();
  if (uid != me && me)
    skip();
  *viewer = (struct viewer){.count = 0};
  assert_int_equal(seteuid(uid), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  assert_int_equal(seteuid(me), 0);
  line_socket_init(&viewer->lines, pair[0]);
  input_guard_adopt(fixture->guard, pair[1], take, "", 0);
}

static void join(struct fixture *fixture, struct viewer *viewer, bool take) { join_as(fixture, viewer, geteuid(), take); }

static void leave(struct fixture *fixture, struct viewer *viewer) {
  line_socket_finish(&viewer->lines);
  close(viewer->lines.fd);
  for (unsigned i = 0; i < viewer->count; i++)
    if (viewer->fds[i] >= 0)
      close(viewer->fds[i]);
  if (viewer->held)
    munmap(viewer->held, sizeof *viewer->held);
  manual_event_loop_settle(fixture->loop);
}

static void pass(struct fixture *fixture, uint64_t ns) {
  manual_event_loop_advance(fixture->loop, ns);
  manual_event_loop_settle(fixture->loop);
}

/* ---- QEMU ---- */

static int connect_qemu(struct fixture *fixture) {
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

static void answer(struct fixture *fixture, int monitor, const char *text) {
  assert_int_equal(send(monitor, text, strlen(text), 0), strlen(text));
  manual_event_loop_settle(fixture->loop);
}

static void share_monitor(struct fixture *fixture, struct viewer *viewer, int monitor[2]) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor), 0);
  say(fixture, viewer, "input qmp\n", monitor[0]);
  close(monitor[0]);
}

/* ---- asking ---- */

static void first_is_granted_second_waits(void **state) {
  struct fixture *fixture = *state;
  struct viewer first, second;
  join(fixture, &first, false);
  expect_grant(fixture, &first);
  expect_and_close(fixture, &first, "device /dev/input/event3 1 3 46d c52b\tKeyboard\t\t");
  join(fixture, &second, false);
  expect(fixture, &second, "busy ");
  expect_nothing(fixture, &second);
  leave(fixture, &first);
  expect_grant(fixture, &second);
  expect_and_close(fixture, &second, "device ");
  leave(fixture, &second);
}

static void giving_back_lets_the_next_have_it(void **state) {
  struct fixture *fixture = *state;
  struct viewer first, second;
  join(fixture, &first, false);
  join(fixture, &second, false);
  expect(fixture, &second, "busy ");
  say(fixture, &first, "input back\n", -1);
  assert_int_equal(fake_input_devices_revoked(), 1);
  expect_grant(fixture, &second);
  expect_grant(fixture, &first);
  expect_and_close(fixture, &first, "device ");
  expect(fixture, &first, "lost given back");
  expect_nothing(fixture, &first);
  say(fixture, &first, "input\n", -1);
  expect(fixture, &first, "busy ");
  leave(fixture, &first);
  leave(fixture, &second);
}

static void take_replaces_and_the_replaced_queues(void **state) {
  struct fixture *fixture = *state;
  struct viewer first, second;
  const int qemu = connect_qemu(fixture);
  join(fixture, &first, false);
  expect_grant(fixture, &first);
  const int usb = expect(fixture, &first, "usb input");
  expect_and_close(fixture, &first, "device ");
  join(fixture, &second, true);
  expect(fixture, &first, "lost another viewer took it");
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu)); /* though a copy of its other end is open */
  expect_grant(fixture, &second);
  expect_and_close(fixture, &second, "device ");
  leave(fixture, &second);
  expect_nothing(fixture, &first); /* not before it has said that it let go of its keys */
  say(fixture, &first, "input released\n", -1);
  expect_grant(fixture, &first);
  leave(fixture, &first);
  close(usb);
  close(qemu);
}

static void devices_come_and_go(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  fake_input_device_plug("/dev/input/event4", "Lid Switch", 0);
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "device /dev/input/event3 ");
  expect_nothing(fixture, &viewer);
  fake_input_device_plug("/dev/input/event5", "Mouse", INPUT_DEVICE_POINTER);
  expect_and_close(fixture, &viewer, "device /dev/input/event5 2 ");
  fake_input_device_unplug("/dev/input/event3");
  expect(fixture, &viewer, "device-gone /dev/input/event3");
  leave(fixture, &viewer);
}

static void without_devices_the_rest_is_granted(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  fake_input_devices_deny(true);
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  expect(fixture, &viewer, "no-devices the server may not open any");
  leave(fixture, &viewer);
}

/* ---- the USB channels ---- */

static void channel_waits_unread_for_a_viewer(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  char bytes[8];
  const int qemu = connect_qemu(fixture);
  assert_int_equal(send(qemu, "hello", 5, 0), 5);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0); /* it costs no turn of the loop */
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  const int usb = expect(fixture, &viewer, "usb input");
  assert_int_equal(recv(usb, bytes, sizeof bytes, MSG_DONTWAIT), 5);
  close(usb);
  close(qemu);
  manual_event_loop_settle(fixture->loop);
  const int again = connect_qemu(fixture); /* QEMU was restarted */
  expect_and_close(fixture, &viewer, "device ");
  expect_and_close(fixture, &viewer, "usb input");
  close(again);
  leave(fixture, &viewer);
}

static void second_qemu_is_turned_away(void **state) {
  struct fixture *fixture = *state;
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
  struct fixture *fixture = *state;
  fixture->users = (struct qemu_users){{12345}, 1};
  const int fd = connect_qemu(fixture);
  assert_true(has_ended(fd));
  close(fd);
}

/* ---- taking back ---- */

static void silence_of_three_seconds_ends_it(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer, other;
  const int qemu = connect_qemu(fixture);
  join(fixture, &viewer, false);
  join(fixture, &other, false);
  for (int i = 0; i < 5; i++) {
    pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
    say(fixture, &viewer, "input alive\n", -1);
  }
  assert_int_equal(fake_input_devices_revoked(), 0);
  pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
  assert_int_equal(fake_input_devices_revoked(), 0);
  pass(fixture, 1);
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu));
  expect(fixture, &other, "busy ");
  expect_grant(fixture, &other);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "usb input");
  expect_and_close(fixture, &viewer, "device ");
  expect(fixture, &viewer, "lost nothing was heard");
  leave(fixture, &other);
  expect_nothing(fixture, &viewer); /* still silent: nobody to give it to */
  say(fixture, &viewer, "input released\n", -1);
  expect_grant(fixture, &viewer);
  leave(fixture, &viewer);
  close(qemu);
}

/* Lines that wait to be read when the time is up were said in time: it was the server that slept. */
static void own_sleep_is_not_held_against_the_viewer(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "device ");
  assert_int_equal(line_socket_send(viewer.lines.fd, "input alive\n", -1), 0);
  manual_event_loop_advance(fixture->loop, INPUT_GUARD_SILENCE_NS);
  expect_nothing(fixture, &viewer);
  assert_int_equal(fake_input_devices_revoked(), 0);
  leave(fixture, &viewer);
}

static void session_decides(void **state, enum login_presence presence, const char *why) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  const int qemu = connect_qemu(fixture);
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "usb input");
  expect_and_close(fixture, &viewer, "device ");
  fake_login_set(geteuid(), presence);
  assert_int_equal(fake_input_devices_revoked(), 1);
  assert_true(has_ended(qemu));
  expect(fixture, &viewer, why);
  say(fixture, &viewer, "input released\n", -1);
  say(fixture, &viewer, "input take\n", -1); /* no way around */
  expect_nothing(fixture, &viewer);
  fake_login_set(geteuid(), LOGIN_HERE);
  expect_grant(fixture, &viewer);
  leave(fixture, &viewer);
  close(qemu);
}

static void switched_session_loses_it(void **state) { session_decides(state, LOGIN_AWAY, "lost your login session is switched away"); }
static void locked_session_loses_it(void **state) { session_decides(state, LOGIN_LOCKED, "lost your login session is locked"); }

static void remote_user_has_usb_but_no_devices(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  const int qemu = connect_qemu(fixture);
  fake_login_set(1000, LOGIN_NO_SEAT);
  join_as(fixture, &viewer, 1000, false);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "usb input");
  expect(fixture, &viewer, "no-devices you have no login session");
  fake_login_set(1000, LOGIN_HERE);
  expect_and_close(fixture, &viewer, "device ");
  fake_login_set(1000, LOGIN_UNKNOWN);
  expect(fixture, &viewer, "lost there is no logind");
  leave(fixture, &viewer);
  close(qemu);
}

/* A private server: what it can open, its user could open without it. */
static void own_user_needs_no_session_for_devices(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  static const enum login_presence presences[] = {LOGIN_NO_SEAT, LOGIN_UNKNOWN};
  for (int i = 0; i < 2; i++) {
    fake_login_reset(presences[i]);
    join(fixture, &viewer, false);
    expect_grant(fixture, &viewer);
    expect_and_close(fixture, &viewer, "device ");
    leave(fixture, &viewer);
  }
  fake_login_reset(LOGIN_AWAY); /* but one who sits here and is switched away has his keyboard taken back all the same */
  join(fixture, &viewer, false);
  expect(fixture, &viewer, "refused your login session is switched away");
  leave(fixture, &viewer);
}

static void remote_user_cannot_take_from_who_is_here(void **state) {
  struct fixture *fixture = *state;
  struct viewer here, remote;
  fake_login_set(1000, LOGIN_HERE);
  fake_login_set(1001, LOGIN_NO_SEAT);
  join_as(fixture, &here, 1000, false);
  join_as(fixture, &remote, 1001, true);
  expect(fixture, &remote, "busy ");
  expect_nothing(fixture, &remote);
  fake_login_set(1001, LOGIN_HERE); /* a second seat */
  say(fixture, &remote, "input take\n", -1);
  expect_grant(fixture, &remote);
  leave(fixture, &here);
  leave(fixture, &remote);
}

/* ---- key-ups over QMP ---- */

static const char *const ups = "\xff\n"
                               "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"key\",\"data\":{\"down\":false,"
                               "\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}}]}}\n"
                               "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"btn\",\"data\":{\"down\":false,"
                               "\"button\":\"left\"}}]}}\n"
                               "{\"execute\":\"query-status\",\"id\":\"transom-serve-release\"}\n";

static void press_some(struct viewer *viewer) {
  held_keys_put(viewer->held, 0x07, 0x04, true);
  held_keys_put(viewer->held, 0x07, 0x05, true);
  held_keys_put(viewer->held, 0x07, 0x05, false);
  held_keys_put(viewer->held, 0x09, 1, true);
  held_keys_put(viewer->held, 0x09, 9, true); /* QEMU has no name for it */
  held_keys_put(viewer->held, 0x33, 4, true); /* no such page */
  held_keys_put(viewer->held, 0x07, 300, true);
}

static void keys_of_the_dead_are_released(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  int monitor[2];
  char text[2048];
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  leave(fixture, &viewer);
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
  struct fixture *fixture = *state;
  struct viewer viewer;
  int monitor[2];
  char text[2048];
  static const char paused[] =
      "{\"error\": {}}\r\n{\"return\": {\"status\": \"paused\", \"running\": false}, \"id\": \"transom-serve-release\"}\r\n";
  static const char running[] = "{\"return\": {\"status\": \"running\", \"running\": true}, \"id\": \"transom-serve-release\"}\r\n";
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  leave(fixture, &viewer);
  read_monitor(monitor[1], text, sizeof text);
  answer(fixture, monitor[1], paused);
  pass(fixture, 100 * KEY_RELEASE_LIMIT_NS);
  assert_false(has_ended(monitor[1]));
  answer(fixture, monitor[1], "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}\r\n");
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  answer(fixture, monitor[1], running);
  assert_true(has_ended(monitor[1]));
  close(monitor[1]);
}

static void qemu_that_does_not_answer_is_left_alone(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  int monitor[2];
  char text[2048];
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  leave(fixture, &viewer);
  read_monitor(monitor[1], text, sizeof text);
  pass(fixture, KEY_RELEASE_LIMIT_NS);
  assert_true(has_ended(monitor[1]));
  close(monitor[1]);
}

/* It may go on: its replies are its own. */
static void keys_of_the_stopped_are_released(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  int monitor[2];
  char text[2048];
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  share_monitor(fixture, &viewer, monitor);
  press_some(&viewer);
  pass(fixture, INPUT_GUARD_SILENCE_NS);
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  leave(fixture, &viewer);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0); /* once */
  close(monitor[1]);
}

/* A viewer that lives releases its own keys; one that does not say so in time is helped. */
static void replaced_viewer_is_given_time(void **state) {
  struct fixture *fixture = *state;
  struct viewer first, second;
  int monitor[2];
  char text[2048];
  join(fixture, &first, false);
  expect_grant(fixture, &first);
  share_monitor(fixture, &first, monitor);
  press_some(&first);
  join(fixture, &second, true);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  pass(fixture, INPUT_GUARD_SILENCE_NS - 1);
  say(fixture, &first, "input alive\n", -1); /* that is no answer */
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  pass(fixture, 1);
  read_monitor(monitor[1], text, sizeof text);
  assert_string_equal(text, ups);
  leave(fixture, &first);
  leave(fixture, &second);
  close(monitor[1]);
}

static void replaced_viewer_that_answers_is_trusted(void **state) {
  struct fixture *fixture = *state;
  struct viewer first, second;
  int monitor[2];
  char text[2048];
  join(fixture, &first, false);
  expect_grant(fixture, &first);
  share_monitor(fixture, &first, monitor);
  press_some(&first);
  join(fixture, &second, true);
  say(fixture, &first, "input released\n", -1);
  pass(fixture, 2 * INPUT_GUARD_SILENCE_NS);
  leave(fixture, &first);
  assert_int_equal(read_monitor(monitor[1], text, sizeof text), 0);
  leave(fixture, &second);
  close(monitor[1]);
}

static void only_a_monitor_is_written_to(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  int pipe_ends[2];
  char byte;
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
  say(fixture, &viewer, "input qmp\n", pipe_ends[1]);
  close(pipe_ends[1]);
  press_some(&viewer);
  leave(fixture, &viewer);
  assert_int_equal(read(pipe_ends[0], &byte, 1), 0); /* closed, and nothing was written */
  close(pipe_ends[0]);
}

/* ---- clients that mean ill ---- */

static void assert_dropped(struct fixture *fixture, const char *line, int fd) {
  struct viewer viewer, next;
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  (void)line_socket_send(viewer.lines.fd, line, fd);
  assert_true(hear(fixture, &viewer));
  leave(fixture, &viewer);
  join(fixture, &next, false);
  expect_grant(fixture, &next);
  leave(fixture, &next);
}

static void nonsense_ends_the_connection(void **state) {
  struct fixture *fixture = *state;
  static char endless[LINE_SOCKET_BYTES_MAX + 2];
  memset(endless, 'x', sizeof endless - 1);
  assert_dropped(fixture, "hello\n", -1);
  assert_dropped(fixture, "input alive \n", -1);
  assert_dropped(fixture, "peer 3\n", -1);
  assert_dropped(fixture, "input qmp\n", -1); /* without a descriptor */
  assert_dropped(fixture, endless, -1);
}

static void flood_ends_the_connection(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  expect_and_close(fixture, &viewer, "device ");
  for (int second = 0; second < 3; second++) { /* a busy second is fine */
    for (int i = 0; i < 16; i++)
      say(fixture, &viewer, "input alive\n", -1);
    pass(fixture, SECOND);
  }
  for (int i = 0; i < 17; i++)
    (void)line_socket_send(viewer.lines.fd, "input alive\n", -1);
  assert_true(hear(fixture, &viewer));
  leave(fixture, &viewer);
}

static void descriptors_are_counted(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewer;
  join(fixture, &viewer, false);
  expect_grant(fixture, &viewer);
  for (unsigned i = 0; i <= LINE_SOCKET_FDS_MAX; i++)
    (void)line_socket_send(viewer.lines.fd, "i", 2);
  assert_true(hear(fixture, &viewer));
  leave(fixture, &viewer);
}

static void sixteen_viewers_and_no_more(void **state) {
  struct fixture *fixture = *state;
  struct viewer viewers[INPUT_GUARD_CLIENTS_MAX], extra;
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    join(fixture, &viewers[i], false);
  join(fixture, &extra, false);
  assert_true(hear(fixture, &extra));
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    leave(fixture, &viewers[i]);
  leave(fixture, &extra);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
