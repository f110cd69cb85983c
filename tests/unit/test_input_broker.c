/* The viewer's end of the input broker, against a server that the test plays line by line, on a clock that the test moves. */
#include "common/line_socket.h"
#include "common/log.h"
#include "host/devices/held_keys.h"
#include "host/link/broker_line.h"
#include "host/link/input_broker.h"
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

struct fixture {
  char directory[32], path[64];
  int listener, held;
  struct event_loop *loop;
  struct input_broker *broker;
  struct line_socket server; /* our end of the connection */
  char heard[1024];          /* from the viewer, "line|line|" */
  char told[1024];           /* callbacks, "name argument|" */
  int fd_count;
};

/* ---- what the viewer is told ---- */

__attribute__((format(printf, 2, 3))) static void note(struct fixture *f, const char *format, ...) {
  va_list arguments;
  const size_t used = strlen(f->told);
  va_start(arguments, format);
  vsnprintf(f->told + used, sizeof f->told - used, format, arguments);
  va_end(arguments);
}

static void on_granted(void *user_data) { note(user_data, "granted|"); }
static void on_refused(const char *why, void *user_data) { note(user_data, "refused %s|", why); }
static void on_unreachable(const char *why, void *user_data) { note(user_data, "unreachable %s|", why); }
static void on_devices_refused(const char *why, void *user_data) { note(user_data, "no devices %s|", why); }
static void on_revoked(const char *why, void *user_data) { note(user_data, "revoked %s|", why); }
static void on_removed(const char *node, void *user_data) { note(user_data, "removed %s|", node); }

static void on_host_keys(void *user_data) { note(user_data, "host keys|"); }
static void on_no_host_keys(const char *why, void *user_data) { note(user_data, "no host keys %s|", why); }

static void on_device(int fd, const struct input_device_info *info, void *user_data) {
  note(user_data, "device %s %x %x:%x:%x '%s' '%s' '%s'|", info->node, info->roles, info->bus, info->vendor, info->product, info->name,
       info->by_id, info->physical);
  close(fd);
}

static void on_usb(enum usb_channel which, int socket, void *user_data) {
  note(user_data, "usb %d|", (int)which);
  close(socket);
}

static const struct input_broker_events events = {.granted = on_granted,
                                                  .refused = on_refused,
                                                  .unreachable = on_unreachable,
                                                  .devices_refused = on_devices_refused,
                                                  .device_added = on_device,
                                                  .device_removed = on_removed,
                                                  .usb_channel = on_usb,
                                                  .host_keys = on_host_keys,
                                                  .host_keys_refused = on_no_host_keys,
                                                  .revoked = on_revoked};

static void assert_told(struct fixture *f, const char *expected) {
  manual_event_loop_settle(f->loop);
  assert_string_equal(f->told, expected);
  f->told[0] = 0;
}

/* ---- the server ---- */

static int make_held(void) {
  const int fd = memfd_create("held", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_int_equal(ftruncate(fd, sizeof(struct held_keys)), 0);
  assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  return fd;
}

static void listen_anew(struct fixture *f) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, f->path);
  f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(f->listener, 4), 0);
}

static void stop_listening(struct fixture *f) {
  close(f->listener);
  unlink(f->path);
}

static void accept_viewer(struct fixture *f) {
  const int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  assert_true(fd >= 0);
  line_socket_init(&f->server, fd);
}

static void hang_up(struct fixture *f) {
  line_socket_finish(&f->server);
  close(f->server.fd);
  f->server.fd = -1;
}

static bool note_line(char *line, void *user_data) {
  struct fixture *f = user_data;
  strcat(strcat(f->heard, line), "|");
  return true;
}

static void assert_heard(struct fixture *f, const char *expected) {
  struct pollfd poll_fd = {.fd = f->server.fd, .events = POLLIN};
  manual_event_loop_settle(f->loop);
  while (poll(&poll_fd, 1, 0) == 1 && line_socket_receive(&f->server, note_line, f) == 0)
    continue;
  assert_string_equal(f->heard, expected);
  f->heard[0] = 0;
}

static void tell(struct fixture *f, const char *line, int fd) {
  assert_int_equal(line_socket_send(f->server.fd, line, fd), 0);
  manual_event_loop_settle(f->loop);
}

static int open_count(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  *state = f;
  signal(SIGPIPE, SIG_IGN);
  log_set_level(LOG_ERROR);
  f->fd_count = open_count();
  strcpy(f->directory, "/tmp/transom-test-XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  snprintf(f->path, sizeof f->path, "%s/control.sock", f->directory);
  listen_anew(f);
  f->held = make_held();
  f->server.fd = -1;
  f->loop = event_loop_create(EVENT_LOOP_EPOLL);
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  input_broker_destroy(f->broker);
  if (f->server.fd >= 0)
    hang_up(f);
  event_loop_destroy(f->loop);
  stop_listening(f);
  close(f->held);
  rmdir(f->directory);
  assert_int_equal(open_count(), f->fd_count); /* no descriptor is lost, whatever came */
  free(f);
  return 0;
}

static void start(struct fixture *f, bool take) {
  f->broker = input_broker_create(f->loop, f->path, take, &events, f);
  assert_non_null(f->broker);
  manual_event_loop_advance(f->loop, 1);
  accept_viewer(f);
}

static void start_granted(struct fixture *f) {
  start(f, false);
  tell(f, "granted\n", f->held);
  assert_told(f, "granted|");
  assert_heard(f, "input|");
}

static bool server_reads(const struct fixture *f, uint16_t page, uint16_t usage) {
  struct held_keys held;
  assert_int_equal(pread(f->held, &held, sizeof held, 0), sizeof held);
  const int bit = held_keys_bit(page, usage);
  return atomic_load(&held.words[bit / 64]) >> (bit % 64) & 1;
}

/* ---- asking, beating, losing ---- */

static void asks_and_is_granted(void **state) {
  struct fixture *f = *state;
  start(f, false);
  tell(f, "busy transom (pid 12)\n", -1);
  assert_told(f, "refused transom (pid 12)|");
  tell(f, "refused your login session is locked\n", -1);
  assert_told(f, "refused your login session is locked|");
  tell(f, "granted\n", f->held);
  tell(f, "device /dev/input/event5 3 3 46d c52b\tA Keyboard\tusb-A-event-kbd\tusb-1\n", f->held);
  tell(f, "device-gone /dev/input/event5\n", -1);
  tell(f, "no-devices why\n", -1);
  tell(f, "usb audio\n", f->held);
  assert_told(f, "granted|device /dev/input/event5 3 3:46d:c52b 'A Keyboard' 'usb-A-event-kbd' 'usb-1'|removed /dev/input/event5|"
                 "no devices why|usb 1|");
}

static void heart_beats_once_a_second(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  manual_event_loop_advance(f->loop, 3 * INPUT_BROKER_HEARTBEAT_NS);
  assert_heard(f, "input alive|input alive|input alive|");
}

static void loss_is_confirmed_after_the_owner_released(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  tell(f, "lost another viewer took it\n", -1);
  assert_told(f, "revoked another viewer took it|");
  assert_heard(f, "input released|");
  input_broker_take(f->broker);
  assert_heard(f, "input take|");
  tell(f, "granted\n", f->held);
  assert_told(f, "granted|");
}

static void connects_again_and_does_not_steal_it_back(void **state) {
  struct fixture *f = *state;
  start(f, true);
  tell(f, "granted\n", f->held);
  assert_heard(f, "input take|");
  hang_up(f);
  stop_listening(f);
  assert_told(f, "granted|revoked the connection to transom-serve is gone|");
  manual_event_loop_advance(f->loop, INPUT_BROKER_RETRY_NS);
  manual_event_loop_advance(f->loop, INPUT_BROKER_RETRY_NS);
  char expected[256];
  snprintf(expected, sizeof expected, "unreachable no transom-serve on %s: No such file or directory|", f->path); /* once */
  assert_told(f, expected);
  listen_anew(f);
  manual_event_loop_advance(f->loop, INPUT_BROKER_RETRY_NS);
  accept_viewer(f);
  assert_heard(f, "input|");
}

static void gives_back_when_destroyed(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  input_broker_destroy(f->broker);
  f->broker = NULL;
  assert_heard(f, "input back|");
}

/* ---- held keys and the monitor ---- */

static void marks_are_seen_by_the_server(void **state) {
  struct fixture *f = *state;
  start(f, false);
  input_broker_mark(f->broker, 0x07, 0xe1, true); /* before there is a server's memory */
  tell(f, "granted\n", f->held);
  assert_true(server_reads(f, 0x07, 0xe1));
  input_broker_mark(f->broker, 0x0c, 0xe9, true);
  input_broker_mark(f->broker, 0x09, 1, true);
  input_broker_mark(f->broker, 0x07, 0xe1, false);
  input_broker_mark(f->broker, 0x0c, 5000, true); /* no such key: nothing happens */
  assert_true(server_reads(f, 0x0c, 0xe9) && server_reads(f, 0x09, 1));
  assert_false(server_reads(f, 0x07, 0xe1));
}

static void marks_outlive_a_loss(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  input_broker_mark(f->broker, 0x07, 4, true);
  tell(f, "lost why\n", -1);
  input_broker_mark(f->broker, 0x07, 4, false);
  assert_true(server_reads(f, 0x07, 4)); /* the old memory is the server's alone now */
  input_broker_mark(f->broker, 0x07, 5, true);
  const int another = make_held();
  close(f->held);
  f->held = another;
  tell(f, "granted\n", f->held);
  assert_false(server_reads(f, 0x07, 4));
  assert_true(server_reads(f, 0x07, 5));
}

static void monitor_is_shared_with_each_grant(void **state) {
  struct fixture *f = *state;
  start(f, false);
  input_broker_share_qmp(f->broker, f->held); /* any descriptor will do */
  assert_heard(f, "input|");
  tell(f, "granted\n", f->held);
  assert_heard(f, "input qmp|");
  assert_int_equal(f->server.fd_count, 1);
  input_broker_share_qmp(f->broker, -1);
  assert_heard(f, "input no-qmp|");
  input_broker_share_qmp(f->broker, f->held);
  assert_heard(f, "input qmp|");
  tell(f, "lost why\n", -1);
  tell(f, "granted\n", f->held);
  assert_heard(f, "input released|input qmp|");
  assert_int_equal(f->server.fd_count, 3);
}

/* ---- host keys ---- */

static void host_keys_go_to_a_server_that_plays_them(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  input_broker_host_key(f->broker, 0x07, 0xe3, true); /* it has not said that it does */
  assert_heard(f, "");
  tell(f, "no-host-keys why\n", -1);
  assert_told(f, "no host keys why|");
  input_broker_host_key(f->broker, 0x07, 0xe3, true);
  assert_heard(f, "");
  tell(f, "host-keys\n", -1);
  assert_told(f, "host keys|");
  input_broker_host_key(f->broker, 0x07, 0xe3, true);
  input_broker_host_key(f->broker, 0x0c, 0x3ff, false);
  assert_heard(f, "input host-key 7 e3 1|input host-key c 3ff 0|");
  tell(f, "lost why\n", -1);
  input_broker_host_key(f->broker, 0x07, 0xe3, false);
  assert_heard(f, "input released|");
}

/* Releases have no bound of their own: without its press there is none. */
static void presses_for_the_host_are_bounded(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  tell(f, "host-keys\n", -1);
  for (unsigned i = 0; i < INPUT_BROKER_HOST_KEYS_A_HEARTBEAT; i++) {
    input_broker_host_key(f->broker, 0x07, 4, true);
    assert_heard(f, "input host-key 7 4 1|");
  }
  input_broker_host_key(f->broker, 0x07, 4, true);
  input_broker_host_key(f->broker, 0x07, 4, false);
  assert_heard(f, "input host-key 7 4 0|");
  manual_event_loop_advance(f->loop, INPUT_BROKER_HEARTBEAT_NS);
  input_broker_host_key(f->broker, 0x07, 4, true);
  assert_heard(f, "input alive|input host-key 7 4 1|");
}

/* It does not read: a release that does not reach it must not leave a key down at the host. */
static void a_deaf_server_is_left(void **state) {
  struct fixture *f = *state;
  start_granted(f);
  tell(f, "host-keys\n", -1);
  assert_told(f, "host keys|");
  for (unsigned i = 0; i < 1000000 && !f->told[0]; i++) {
    input_broker_host_key(f->broker, 0x07, 4, false);
    if (i % 1000 == 0)
      manual_event_loop_settle(f->loop);
  }
  assert_told(f, "revoked the connection to transom-serve is gone|");
}

/* ---- a server that is none ---- */

static void assert_hung_up(struct fixture *f, const char *line, int fd) {
  char byte;
  tell(f, line, fd);
  manual_event_loop_settle(f->loop);
  while (recv(f->server.fd, &byte, 1, MSG_DONTWAIT) > 0)
    continue;
  assert_int_equal(recv(f->server.fd, &byte, 1, MSG_DONTWAIT), 0);
  hang_up(f);
  manual_event_loop_advance(f->loop, INPUT_BROKER_RETRY_NS);
  accept_viewer(f);
}

static void nonsense_ends_the_connection(void **state) {
  struct fixture *f = *state;
  static char endless[LINE_SOCKET_BYTES_MAX + 2];
  start(f, false);
  memset(endless, 'x', sizeof endless - 1);
  const int short_memory = memfd_create("short", MFD_CLOEXEC);
  assert_hung_up(f, "hello\n", -1);
  assert_hung_up(f, "granted\n", -1);           /* without its memory */
  assert_hung_up(f, "granted\n", short_memory); /* that it does not fit into */
  assert_hung_up(f, "usb input\n", -1);
  assert_hung_up(f, "device /dev/input/event5 3 3 46d c52b\ta\tb\tc\n", -1);
  assert_hung_up(f, "device /dev/input/event5\n", f->held);
  assert_hung_up(f, endless, -1);
  close(short_memory);
  assert_told(f, "");
}

static void paths_that_are_too_long_are_refused(void **state) {
  struct fixture *f = *state;
  char path[200];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  errno = 0;
  assert_null(input_broker_create(f->loop, path, false, &events, f));
  assert_int_equal(errno, ENAMETOOLONG);
}

static void devices_are_taken_apart(void **state) {
  static const char *const bad[] = {
      "device /dev/a 1 2 3 4",           "device etc/a 1 2 3 4\ta\tb\tc",          "device /dev/a 1 2 3 10000\ta\tb\tc",
      "device /dev/a 1 2 3 -4\ta\tb\tc", "device /dev/a 123456789 2 3 4\ta\tb\tc", "device /dev/a 1 2 3 4\ta\tb",
      "device /dev/a 1 2 3\ta\tb\tc",    "device /dev/a  1 2 3 4\ta\tb\tc",        "device "};
  char line[LINE_SOCKET_BYTES_MAX];
  struct broker_line parsed;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    strcpy(line, bad[i]);
    broker_line_parse(line, &parsed);
    assert_int_equal(parsed.word, BROKER_UNKNOWN);
  }
  snprintf(line, sizeof line, "device /dev/input/event12 7 18 ffff 0\t%0127d\t\t", 5);
  broker_line_parse(line, &parsed);
  assert_int_equal(parsed.word, BROKER_DEVICE);
  assert_int_equal(strlen(parsed.device.name), INPUT_DEVICE_TEXT_MAX - 1);
  snprintf(line, sizeof line, "device /dev/input/event12 7 18 ffff 0\t%0128d\t\t", 5);
  broker_line_parse(line, &parsed);
  assert_int_equal(parsed.word, BROKER_UNKNOWN);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(asks_and_is_granted),
      T(heart_beats_once_a_second),
      T(loss_is_confirmed_after_the_owner_released),
      T(connects_again_and_does_not_steal_it_back),
      T(gives_back_when_destroyed),
      T(marks_are_seen_by_the_server),
      T(marks_outlive_a_loss),
      T(monitor_is_shared_with_each_grant),
      T(host_keys_go_to_a_server_that_plays_them),
      T(presses_for_the_host_are_bounded),
      T(a_deaf_server_is_left),
      T(nonsense_ends_the_connection),
      T(paths_that_are_too_long_are_refused),
      cmocka_unit_test(devices_are_taken_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
