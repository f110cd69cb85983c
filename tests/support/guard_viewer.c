#include "support/guard_viewer.h"

#include "common/log.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int listen_somewhere(void) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address.sun_family), 0);
  assert_int_equal(listen(listener, 8), 0);
  return listener;
}

int guard_set_up(void **state) {
  struct guard_fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  signal(SIGPIPE, SIG_IGN);
  log_set_level(LOG_ERROR);
  fake_login_reset(LOGIN_HERE);
  fake_input_devices_reset();
  fake_input_device_plug("/dev/input/event3", "Keyboard", INPUT_DEVICE_KEYBOARD);
  fixture->loop = event_loop_create(EVENT_LOOP_EPOLL);
  assert_int_equal(qemu_users_init(&fixture->users, ""), 0);
  fixture->channels = usb_channels_create(fixture->loop, &fixture->users);
  const struct input_guard_options options = {fixture->channels, &fixture->users, &fake_input_device_access, &fake_host_keyboard};
  fixture->guard = input_guard_create(fixture->loop, &options);
  fixture->listener = listen_somewhere();
  assert_int_equal(usb_channels_listen(fixture->channels, USB_CHANNELS_INPUT, fixture->listener), 0);
  return 0;
}

int guard_tear_down(void **state) {
  struct guard_fixture *fixture = *state;
  input_guard_destroy(fixture->guard);
  usb_channels_destroy(fixture->channels);
  event_loop_destroy(fixture->loop);
  close(fixture->listener);
  assert_int_equal(fake_input_devices_opened(), fake_input_devices_revoked()); /* nothing stays lent */
  assert_int_equal(fake_host_keyboards_open(), 0);
  assert_int_equal(fake_host_keys_down(), 0);
  free(fixture);
  return 0;
}

/* ---- viewers ---- */

static bool carries_descriptor(const char *line) {
  return !strcmp(line, "granted") || !strncmp(line, "device ", 7) || !strncmp(line, "usb ", 4);
}

static bool note_line(char *line, void *user_data) {
  struct guard_viewer *viewer = user_data;
  if (!strcmp(line, "host-keys")) {
    viewer->host_keys++;
    return true;
  }
  assert_true(viewer->count < GUARD_SAID_MAX && strlen(line) < sizeof viewer->said[0]);
  strcpy(viewer->said[viewer->count], line);
  viewer->fds[viewer->count] = carries_descriptor(line) ? line_socket_take_fd(&viewer->lines) : -1;
  assert_true(!carries_descriptor(line) || viewer->fds[viewer->count] >= 0);
  viewer->count++;
  return true;
}

bool guard_hear(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  manual_event_loop_settle(fixture->loop);
  struct pollfd poll_fd = {.fd = viewer->lines.fd, .events = POLLIN};
  while (poll(&poll_fd, 1, 0) == 1)
    if (line_socket_receive(&viewer->lines, note_line, viewer))
      return true;
  return false;
}

int guard_expect(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *beginning) {
  guard_hear(fixture, viewer);
  assert_true(viewer->count > 0);
  if (strncmp(viewer->said[0], beginning, strlen(beginning)))
    fail_msg("'%s' instead of '%s'", viewer->said[0], beginning);
  const int fd = viewer->fds[0];
  viewer->count--;
  memmove(viewer->said, viewer->said + 1, viewer->count * sizeof viewer->said[0]);
  memmove(viewer->fds, viewer->fds + 1, viewer->count * sizeof viewer->fds[0]);
  return fd;
}

void guard_expect_nothing(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  assert_false(guard_hear(fixture, viewer));
  if (viewer->count)
    fail_msg("'%s' instead of nothing", viewer->said[0]);
}

void guard_expect_and_close(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *beginning) {
  const int fd = guard_expect(fixture, viewer, beginning);
  if (fd >= 0)
    close(fd);
}

void guard_expect_grant(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  const int fd = guard_expect(fixture, viewer, "granted");
  viewer->held = mmap(NULL, sizeof *viewer->held, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  assert_ptr_not_equal(viewer->held, MAP_FAILED);
  close(fd);
}

void guard_say(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *line, int fd) {
  assert_int_equal(line_socket_send(viewer->lines.fd, line, fd), 0);
  manual_event_loop_settle(fixture->loop);
}

/* SO_PEERCRED is who connected, as he was then. */
void guard_join_as(struct guard_fixture *fixture, struct guard_viewer *viewer, uid_t uid, bool take) {
  int pair[2];
  const uid_t me = geteuid();
  if (uid != me && me)
    skip();
  *viewer = (struct guard_viewer){.count = 0};
  assert_int_equal(seteuid(uid), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  assert_int_equal(seteuid(me), 0);
  line_socket_init(&viewer->lines, pair[0]);
  input_guard_adopt(fixture->guard, pair[1], take, "", 0);
}

void guard_join(struct guard_fixture *fixture, struct guard_viewer *viewer, bool take) { guard_join_as(fixture, viewer, geteuid(), take); }

void guard_leave(struct guard_fixture *fixture, struct guard_viewer *viewer) {
  line_socket_finish(&viewer->lines);
  close(viewer->lines.fd);
  for (unsigned i = 0; i < viewer->count; i++)
    if (viewer->fds[i] >= 0)
      close(viewer->fds[i]);
  if (viewer->held)
    munmap(viewer->held, sizeof *viewer->held);
  manual_event_loop_settle(fixture->loop);
}

void guard_pass(struct guard_fixture *fixture, uint64_t ns) {
  manual_event_loop_advance(fixture->loop, ns);
  manual_event_loop_settle(fixture->loop);
}
