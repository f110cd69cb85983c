/* The input broker on a real kernel: runs as root in the guest that plays the host. A user without any right captures a uinput keyboard
 * through transom-serve, and gives it back however he ends. logind is played by the files that sd-login(3) reads. */
#include "support/broker_process.h"
#include "support/serve_process.h"
#include "support/uinput_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define USER 1000
#define VIEWER "/usr/bin/broker_viewer"
#define SESSIONS "/run/systemd/sessions"

struct fixture {
  struct serve_process serve;
  struct uinput_device keyboard, mouse;
  int compositor; /* reads the keyboard beside the viewer */
  struct broker_process viewer;
};

/* What logind writes about the user's session, renamed into place as logind does. */
static void write_session(bool active, const char *more) {
  FILE *file = fopen(SESSIONS "/.new", "w");
  assert_non_null(file);
  fprintf(file,
          "UID=%d\nUSER=user\nACTIVE=%d\nIS_DISPLAY=1\nSTATE=%s\nREMOTE=0\nTYPE=wayland\nCLASS=user\nSCOPE=session-1.scope\n"
          "SEAT=seat0\nVTNR=1\n%s",
          USER, active, active ? "active" : "online", more);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(rename(SESSIONS "/.new", SESSIONS "/1"), 0);
}

static void make_logind(void) {
  static const char *const directories[] = {"/run/systemd", "/run/systemd/seats", SESSIONS, "/run/systemd/users", "/run/systemd/machines"};
  for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
    assert_true(!mkdir(directories[i], 0755) || errno == EEXIST);
  write_session(true, "");
}

/* The user's rights to the socket, as systemd's units would give them, and none to /dev/input. */
static void open_socket(const struct serve_process *serve) {
  assert_int_equal(chmod(serve->directory, 0711), 0);
  assert_int_equal(chown(serve->control_socket, 0, USER), 0);
}

static int set_up(void **state) {
  static const char *const small[] = {"--size", "1M", NULL};
  struct fixture *f = calloc(1, sizeof *f);
  *state = f;
  signal(SIGPIPE, SIG_IGN);
  make_logind();
  assert_true(serve_process_init(&f->serve) && serve_process_start(&f->serve, small));
  open_socket(&f->serve);
  uinput_device_create(&f->keyboard, UINPUT_KEYBOARD, "Test keyboard", "usb-1");
  uinput_device_create(&f->mouse, UINPUT_MOUSE, "Test mouse", "usb-1");
  f->compositor = uinput_device_open(&f->keyboard);
  broker_process_start(&f->viewer, USER, VIEWER, f->serve.control_socket, NULL);
  broker_process_await(&f->viewer, "granted");
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  broker_process_end(&f->viewer);
  close(f->compositor);
  uinput_device_destroy(&f->mouse);
  uinput_device_destroy(&f->keyboard);
  serve_process_finish(&f->serve);
  free(f);
  return 0;
}

static void await_device(struct fixture *f, const struct uinput_device *device) {
  char line[128];
  snprintf(line, sizeof line, "device %s ", device->info.node);
  broker_process_await(&f->viewer, line);
}

static void tap(struct fixture *f, uint16_t code) {
  uinput_device_key(&f->keyboard, code, true);
  uinput_device_key(&f->keyboard, code, false);
}

/* The viewer has the keyboard alone: what is typed comes to it and to nobody else. */
static void capture(struct fixture *f) {
  char line[128];
  await_device(f, &f->keyboard);
  broker_process_tell(&f->viewer, "grab");
  snprintf(line, sizeof line, "grab %s 0", f->keyboard.info.node);
  broker_process_await(&f->viewer, line);
  tap(f, KEY_A);
  snprintf(line, sizeof line, "key %s %d 0", f->keyboard.info.node, KEY_A);
  broker_process_await(&f->viewer, line);
  assert_int_equal(uinput_count_events(f->compositor, EV_KEY, KEY_A, NULL), 0);
}

/* Until the compositor hears the keyboard again. Nothing tells us when the grab ends, so a key is tapped now and then. */
static void await_keyboard_back(struct fixture *f) {
  for (int tries = 0; tries < 600; tries++) {
    tap(f, KEY_B);
    if (uinput_count_events(f->compositor, EV_KEY, KEY_B, NULL))
      return;
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  }
  fail_msg("the keyboard was not given back");
}

static void await_dead_device(struct fixture *f) {
  char line[128];
  snprintf(line, sizeof line, "device-dead %s %d", f->keyboard.info.node, ENODEV);
  broker_process_await(&f->viewer, line);
}

static void user_without_rights_captures(void **state) {
  struct fixture *f = *state;
  await_device(f, &f->mouse);
  capture(f);
}

/* EACCES: the nodes' rights are as they were. */
static void second_process_has_neither_nodes_nor_broker(void **state) {
  struct fixture *f = *state;
  struct broker_process second;
  capture(f);
  broker_process_start(&second, USER, VIEWER, f->serve.control_socket, NULL);
  broker_process_await(&second, "refused broker_viewer (pid ");
  assert_false(broker_process_said(&second, "device "));
  broker_process_end(&second);
  const pid_t child = fork();
  if (child == 0) {
    if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
      _exit(200);
    _exit(open(f->keyboard.info.node, O_RDONLY) < 0 ? errno : 0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WEXITSTATUS(status), EACCES);
}

static void session_switch_gives_the_keyboard_back(void **state) {
  struct fixture *f = *state;
  capture(f);
  write_session(false, "");
  broker_process_await(&f->viewer, "revoked your login session is switched away");
  await_dead_device(f);
  await_keyboard_back(f);
  write_session(true, "");
  broker_process_await(&f->viewer, "granted");
  capture(f); /* with descriptors that are new */
}

static void stopped_viewer_gives_the_keyboard_back(void **state) {
  struct fixture *f = *state;
  capture(f);
  assert_int_equal(kill(f->viewer.pid, SIGSTOP), 0);
  await_keyboard_back(f);
  assert_int_equal(kill(f->viewer.pid, SIGCONT), 0);
  await_dead_device(f);
  broker_process_await(&f->viewer, "revoked ");
  broker_process_await(&f->viewer, "granted");
  capture(f);
}

static void dead_viewer_gives_the_keyboard_back(void **state) {
  struct fixture *f = *state;
  capture(f);
  assert_int_equal(kill(f->viewer.pid, SIGKILL), 0);
  await_keyboard_back(f);
}

static void replaced_viewer_gives_the_keyboard_back(void **state) {
  struct fixture *f = *state;
  static const char *const take[] = {"--take", NULL};
  struct broker_process second;
  capture(f);
  broker_process_start(&second, USER, VIEWER, f->serve.control_socket, take);
  broker_process_await(&second, "granted");
  broker_process_await(&f->viewer, "revoked another viewer took it");
  await_dead_device(f);
  await_keyboard_back(f);
  broker_process_end(&second);
  broker_process_await(&f->viewer, "granted");
}

/* The server dies: the viewer lets go by itself, and asks the next one. */
static void keyboard_outlives_the_server(void **state) {
  struct fixture *f = *state;
  static const char *const small[] = {"--size", "1M", NULL};
  capture(f);
  assert_int_equal(serve_process_kill(&f->serve, SIGKILL), -SIGKILL);
  broker_process_await(&f->viewer, "revoked the connection to transom-serve is gone");
  await_keyboard_back(f);
  assert_true(serve_process_start(&f->serve, small));
  open_socket(&f->serve);
  broker_process_await(&f->viewer, "granted");
  capture(f);
}

static void hot_plug_reaches_the_viewer(void **state) {
  struct fixture *f = *state;
  struct uinput_device another;
  char line[128];
  await_device(f, &f->keyboard);
  uinput_device_create(&another, UINPUT_KEYBOARD, "Another keyboard", NULL);
  await_device(f, &another);
  snprintf(line, sizeof line, "device-removed %s", another.info.node);
  uinput_device_destroy(&another);
  broker_process_await(&f->viewer, line);
}

/* A user who is not at this machine: no devices, though the socket lets him in. */
static void remote_user_gets_no_devices(void **state) {
  struct fixture *f = *state;
  write_session(true, "");
  broker_process_tell(&f->viewer, "grab");
  assert_int_equal(unlink(SESSIONS "/1"), 0);
  broker_process_await(&f->viewer, "revoked you have no login session");
  broker_process_await(&f->viewer, "granted");
  broker_process_await(&f->viewer, "devices-refused you have no login session");
  await_keyboard_back(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(user_without_rights_captures),
      T(second_process_has_neither_nodes_nor_broker),
      T(session_switch_gives_the_keyboard_back),
      T(stopped_viewer_gives_the_keyboard_back),
      T(dead_viewer_gives_the_keyboard_back),
      T(replaced_viewer_gives_the_keyboard_back),
      T(keyboard_outlives_the_server),
      T(hot_plug_reaches_the_viewer),
      T(remote_user_gets_no_devices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
