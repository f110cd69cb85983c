/* Locked sessions, as a logind of the test's own tells of them on a bus of the test's own. */
#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/session_locks.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#define TURNS_MAX 6000 /* of 10 ms */

struct fixture {
  char directory[32], configuration[64], socket[64], address[96];
  pid_t daemon;
  sd_bus *logind;
  int locked;
  struct event_loop *loop;
  struct session_locks *locks;
  unsigned changes;
};

static void write_configuration(const struct fixture *f) {
  FILE *file = fopen(f->configuration, "w");
  fprintf(file,
          "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
          "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
          "<busconfig><listen>unix:path=%s</listen><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
          "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
          f->socket);
  fclose(file);
}

/* It says its address on standard output when it listens. */
static void start_daemon(struct fixture *f) {
  int out[2];
  char line[256];
  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  f->daemon = fork();
  if (f->daemon == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--print-address", "--config-file", f->configuration, (char *)NULL);
    _exit(127);
  }
  close(out[1]);
  const ssize_t count = read(out[0], line, sizeof line);
  close(out[0]);
  if (count <= 0) {
    fprintf(stderr, "cannot run here: dbus-daemon does not start; install dbus-daemon\n");
    exit(77);
  }
}

static void stop_daemon(struct fixture *f) {
  kill(f->daemon, SIGKILL);
  waitpid(f->daemon, NULL, 0);
  unlink(f->socket);
}

static int get_locked(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *user_data,
                      sd_bus_error *error) {
  (void)bus, (void)path, (void)interface, (void)property, (void)error;
  return sd_bus_message_append(reply, "b", *(int *)user_data);
}

static const sd_bus_vtable session_vtable[] = {
    SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("LockedHint", "b", get_locked, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE), SD_BUS_VTABLE_END};

static void start_logind(struct fixture *f) {
  assert_true(sd_bus_open_system(&f->logind) >= 0);
  assert_true(sd_bus_add_object_vtable(f->logind, NULL, "/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session",
                                       session_vtable, &f->locked) >= 0);
  assert_true(sd_bus_request_name(f->logind, "org.freedesktop.login1", 0) >= 0);
}

static void on_changed(void *user_data) { ((struct fixture *)user_data)->changes++; }

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  *state = f;
  strcpy(f->directory, "/tmp/transom-test-XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  snprintf(f->configuration, sizeof f->configuration, "%s/bus.conf", f->directory);
  snprintf(f->socket, sizeof f->socket, "%s/bus", f->directory);
  snprintf(f->address, sizeof f->address, "unix:path=%s", f->socket);
  setenv("DBUS_SYSTEM_BUS_ADDRESS", f->address, 1);
  write_configuration(f);
  f->loop = event_loop_create(EVENT_LOOP_AUTO);
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  session_locks_destroy(f->locks);
  sd_bus_close_unref(f->logind);
  event_loop_destroy(f->loop);
  if (f->daemon > 0)
    stop_daemon(f);
  unlink(f->configuration);
  rmdir(f->directory);
  free(f);
  return 0;
}

static void turn(struct fixture *f) {
  while (f->logind && sd_bus_process(f->logind, NULL) > 0)
    continue;
  event_loop_run_once(f->loop, 10);
}

static void await_locked(struct fixture *f, const char *session, bool locked) {
  for (int turns = 0; turns < TURNS_MAX; turns++) {
    if (session_locks_has(f->locks, session) == locked)
      return;
    turn(f);
  }
  fail_msg("session %s never became %s", session, locked ? "locked" : "unlocked");
}

static void lock(struct fixture *f, int locked) {
  f->locked = locked;
  assert_true(sd_bus_emit_properties_changed(f->logind, "/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session",
                                             "LockedHint", NULL) >= 0);
}

static void start(struct fixture *f) {
  start_daemon(f);
  start_logind(f);
  f->locks = session_locks_create(f->loop, on_changed, f);
}

static void lock_and_unlock_are_told(void **state) {
  struct fixture *f = *state;
  start(f);
  assert_false(session_locks_has(f->locks, "1"));
  for (int i = 0; i < 3; i++) {
    lock(f, 1);
    await_locked(f, "1", true);
    lock(f, 0);
    await_locked(f, "1", false);
  }
  assert_int_equal(f->changes, 6);
}

static void prepare_for_sleep(struct fixture *f, int asleep) {
  assert_true(sd_bus_emit_signal(f->logind, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", asleep) >=
              0);
}

/* A machine that goes to sleep leaves no keyboard with anybody. */
static void sleep_counts_as_locked(void **state) {
  struct fixture *f = *state;
  start(f);
  lock(f, 1);
  await_locked(f, "1", true); /* by now the signals are subscribed to */
  lock(f, 0);
  await_locked(f, "1", false);
  prepare_for_sleep(f, 1);
  await_locked(f, "1", true);
  await_locked(f, "c2", true);
  prepare_for_sleep(f, 0);
  await_locked(f, "1", false);
  assert_int_equal(f->changes, 4);
}

static void session_that_is_locked_already(void **state) {
  struct fixture *f = *state;
  f->locked = 1;
  start(f);
  await_locked(f, "1", true);
  assert_int_equal(f->changes, 1);
}

static void unknown_sessions_are_not_locked(void **state) {
  struct fixture *f = *state;
  f->locked = 1;
  start(f);
  char name[80];
  for (int i = 0; i < 3 * SESSION_LOCKS_MAX; i++) { /* more than are remembered */
    snprintf(name, sizeof name, "c%d", i);
    assert_false(session_locks_has(f->locks, name));
    turn(f);
  }
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = 0;
  assert_false(session_locks_has(f->locks, name));
  assert_false(session_locks_has(f->locks, ""));
  await_locked(f, "1", true);
}

static void without_a_bus_nobody_is_locked(void **state) {
  struct fixture *f = *state;
  f->locks = session_locks_create(f->loop, on_changed, f);
  for (int i = 0; i < 5; i++) {
    assert_false(session_locks_has(f->locks, "1"));
    turn(f);
  }
}

/* The bus goes; nothing breaks, and what was known stays known. */
static void bus_that_goes_is_survived(void **state) {
  struct fixture *f = *state;
  f->locked = 1;
  start(f);
  await_locked(f, "1", true);
  stop_daemon(f);
  f->logind = sd_bus_close_unref(f->logind);
  f->daemon = 0;
  for (int i = 0; i < 20; i++)
    turn(f);
  assert_true(session_locks_has(f->locks, "1"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(lock_and_unlock_are_told),        T(sleep_counts_as_locked),         T(session_that_is_locked_already),
      T(unknown_sessions_are_not_locked), T(without_a_bus_nobody_is_locked), T(bus_that_goes_is_survived),
  };
  log_set_level(LOG_ERROR);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
