/* Viewers that die or are stopped while keys are down, by each sink, under the guard of transom-serve: the guest's own event devices must
 * report a release of every key that they reported down, or the end of the device that had it. One boot.
 *
 * TRANSOM_LONG=1: 20 deaths of each kind instead of 10 in all. TRANSOM_SEED=N repeats a run. */
#include "common/log.h"
#include "common/unix_socket_linux.h"
#include "host/event/event_loop.h"
#include "support/broker_process.h"
#include "support/guest_machine.h"
#include "support/serve_process.h"
#include "support/test_random.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define GUEST_DEVICES 4 /* of the USB sink: boot keyboard, keys, mouse, absolute pointer */
#define HELD_MAX 5
#define BURST_MAX 12
#define KIND_COUNT 4
#define DEVICES_MAX 32
#define CODES_MAX 768

struct kind {
  bool usb;
  int signal;
};
static const struct kind kinds[KIND_COUNT] = {{true, SIGKILL}, {false, SIGKILL}, {true, SIGSTOP}, {false, SIGSTOP}};

/* Letters: what is down in the beginning, and what is typed when the end comes. */
static const struct {
  uint16_t usage;
  int code; /* linux/input-event-codes.h */
} letters[] = {{0x04, 30}, {0x05, 48}, {0x06, 46}, {0x07, 32}, {0x08, 18}, {0x09, 33}, {0x0a, 34}, {0xe1, 42}, {0xe0, 29}};
#define LETTERS (sizeof letters / sizeof *letters)

struct fixture {
  struct event_loop *loop;
  struct guest_machine machine;
  struct serve_process serve;
  struct test_random random;
  struct broker_process viewer;
  char monitor[96];                  /* the test's own */
  bool down[DEVICES_MAX][CODES_MAX]; /* in the guest, by its own report */
  unsigned presses, releases;        /* in this round */
};

static struct fixture fixture;

/* ---- the guest's report ---- */

static void forget_device(struct fixture *f, int device) {
  for (int code = 0; code < CODES_MAX; code++) {
    f->releases += f->down[device][code];
    f->down[device][code] = false;
  }
}

static void take_line(struct fixture *f, const char *line) {
  int device, type, code, value;
  if (sscanf(line, "gone %d", &device) == 1 && device >= 0 && device < DEVICES_MAX) {
    forget_device(f, device);
    return;
  }
  if (strncmp(line, "dropped", 7) == 0)
    fail_msg("the recorder is too slow: %s", line);
  if (sscanf(line, "%d %d %d %d", &device, &type, &code, &value) != 4 || type != 1)
    return;
  assert_true(device >= 0 && device < DEVICES_MAX && code >= 0 && code < CODES_MAX);
  f->presses += value == 1;
  f->releases += value == 0;
  f->down[device][code] = value != 0;
}

static int count_down(struct fixture *f) {
  int count = 0;
  char *said = strdup(guest_machine_sync(&f->machine)), *rest = said;
  assert_non_null(said);
  for (char *line; (line = strsep(&rest, "\n"));)
    take_line(f, line);
  free(said);
  for (int device = 0; device < DEVICES_MAX; device++)
    for (int code = 0; code < CODES_MAX; code++)
      count += f->down[device][code];
  return count;
}

static bool is_down(const struct fixture *f, int code) {
  for (int device = 0; device < DEVICES_MAX; device++)
    if (f->down[device][code])
      return true;
  return false;
}

/* Until `wanted` keys are down: the guest was told, or its devices were taken away, in its own time. */
static void await_down(struct fixture *f, int wanted, const char *what) {
  for (int tries = 0; tries < 600; tries++) {
    if (count_down(f) == wanted)
      return;
    event_loop_run_once(f->loop, 100);
  }
  fail_msg("%s: %d keys are down in the guest instead of %d", what, count_down(f), wanted);
}

/* The kernel agrees with the stream. */
static void require_nothing_held(struct fixture *f) {
  guest_machine_say(&f->machine, "held");
  const char *line = guest_machine_wait(&f->machine, "held");
  if (strcmp(line, "held"))
    fail_msg("the guest's kernel still has a key down: %s", line);
}

/* ---- a death ---- */

static void tell_viewer(struct fixture *f, const char *verb, size_t letter) {
  char line[64];
  snprintf(line, sizeof line, "%s 7 %x", verb, letters[letter].usage);
  broker_process_tell(&f->viewer, line);
}

/* Some keys that stay down, known to the guest; then a burst of others, in whose midst the signal comes. */
static void type(struct fixture *f) {
  const uint32_t held = 1 + test_random_below(&f->random, HELD_MAX);
  for (uint32_t i = 0; i < held; i++)
    tell_viewer(f, "press", i);
  await_down(f, (int)held, "keys before the death");
  for (uint32_t i = 0; i < held; i++)
    assert_true(is_down(f, letters[i].code));
  const uint32_t burst = test_random_below(&f->random, BURST_MAX);
  for (uint32_t i = 0; i < burst; i++) {
    const size_t letter = held + test_random_below(&f->random, (uint32_t)(LETTERS - held));
    tell_viewer(f, test_random_one_in(&f->random, 3) ? "release" : "press", letter);
    if (test_random_one_in(&f->random, 4))
      count_down(f); /* some time passes */
  }
}

/* Stopped, its keys came up. When it goes on it finds its input gone, and nothing that it had still to say goes down in the guest. */
static void resume(struct fixture *f) {
  kill(f->viewer.pid, SIGCONT);
  broker_process_await(&f->viewer, "revoked ");
  broker_process_await(&f->viewer, "granted");
  await_down(f, 0, "keys of a viewer that went on");
}

static void die(struct fixture *f, const struct kind *kind, bool in_mid_command) {
  f->presses = f->releases = 0;
  const char *const usb[] = {"--usb", NULL}, *const qmp[] = {"--qmp", f->machine.qmp_socket, NULL};
  broker_process_start(&f->viewer, getuid(), BROKER_VIEWER, f->serve.control_socket, kind->usb ? usb : qmp);
  broker_process_await(&f->viewer, "granted");
  broker_process_await(&f->viewer, "sink ready");
  for (int i = 0; kind->usb && i < GUEST_DEVICES; i++)
    guest_machine_wait(&f->machine, "device "); /* the recorder has it open */
  type(f);
  if (in_mid_command) {
    broker_process_tell(&f->viewer, "stutter");
    broker_process_await(&f->viewer, "stuttered");
  }
  kill(f->viewer.pid, kind->signal);
  await_down(f, 0, kind->signal == SIGKILL ? "keys of a dead viewer" : "keys of a stopped viewer");
  require_nothing_held(f);
  assert_true(f->presses > 0 && f->presses == f->releases);
  if (kind->signal == SIGSTOP)
    resume(f);
  broker_process_end(&f->viewer);
  await_down(f, 0, "keys after all");
}

static void every_key_comes_up(void **state) {
  struct fixture *f = *state;
  const bool is_long = getenv("TRANSOM_LONG") && !strcmp(getenv("TRANSOM_LONG"), "1");
  const char *seed = getenv("TRANSOM_SEED");
  f->random.state = seed ? strtoull(seed, NULL, 10) : (uint64_t)getpid();
  const int deaths = is_long ? 20 * KIND_COUNT : 10;
  printf("TRANSOM_SEED=%llu: %d deaths\n", (unsigned long long)f->random.state, deaths);
  for (int i = 0; i < deaths; i++) {
    const struct kind *kind = &kinds[i % KIND_COUNT];
    const bool in_mid_command = !kind->usb && i / KIND_COUNT % 2;
    die(f, kind, in_mid_command);
    printf("%s, %s%s: %u presses, %u releases\n", kind->usb ? "usb" : "qmp", kind->signal == SIGKILL ? "killed" : "stopped",
           in_mid_command ? " in mid-command" : "", f->presses, f->releases);
  }
}

/* ---- a paused VM ---- */

/* One command on the test's own monitor. Events come between; the reply is a line with "return". */
static void execute(int monitor, const char *command) {
  char line[128], said[4096];
  size_t filled = 0;
  const int length = snprintf(line, sizeof line, "{\"execute\":\"%s\"}\n", command);
  assert_int_equal(send(monitor, line, (size_t)length, MSG_NOSIGNAL), length);
  do {
    const ssize_t count = recv(monitor, said + filled, sizeof said - 1 - filled, 0);
    assert_true(count > 0);
    filled += (size_t)count;
    said[filled] = 0;
  } while (!strstr(said, "\"return\""));
}

/* A paused VM takes no keys. The guard says them when it goes on. */
static void keys_come_up_when_a_paused_vm_goes_on(void **state) {
  struct fixture *f = *state;
  const char *const qmp[] = {"--qmp", f->machine.qmp_socket, NULL};
  const int monitor = unix_socket_connect(f->monitor);
  assert_true(monitor >= 0);
  fcntl(monitor, F_SETFL, 0); /* blocking */
  execute(monitor, "qmp_capabilities");
  broker_process_start(&f->viewer, getuid(), BROKER_VIEWER, f->serve.control_socket, qmp);
  broker_process_await(&f->viewer, "granted");
  broker_process_await(&f->viewer, "sink ready");
  tell_viewer(f, "press", 0);
  await_down(f, 1, "key before the pause");
  execute(monitor, "stop");
  broker_process_await(&f->viewer, "sink gone");
  assert_int_equal(truncate(f->serve.log, 0), 0);
  broker_process_end(&f->viewer);
  assert_true(serve_process_will_say(&f->serve, "releasing in the guest"));
  for (int i = 0; i < 20; i++) /* QEMU has had time to refuse the key-ups; either way they must come in the end */
    execute(monitor, "query-status");
  execute(monitor, "cont");
  await_down(f, 0, "key of a viewer that died while the VM was paused");
  require_nothing_held(f);
  close(monitor);
}

static int set_up(void **state) {
  struct fixture *f = &fixture;
  static const char *const small[] = {"--size", "1M", NULL};
  *state = f;
  assert_true(serve_process_init(&f->serve) && serve_process_start(&f->serve, small));
  char chardev[160], own_monitor[160];
  snprintf(chardev, sizeof chardev, "socket,id=guarded,path=%.60s/usb-input.sock,reconnect=1", f->serve.directory);
  snprintf(f->monitor, sizeof f->monitor, "%.60s/qmp", f->serve.directory);
  snprintf(own_monitor, sizeof own_monitor, "unix:%.95s,server=on,wait=off", f->monitor);
  const char *const words[] = {"-device", "qemu-xhci", "-chardev", chardev, "-device", "usb-redir,chardev=guarded",
                               "-qmp",    own_monitor, NULL};
  guest_machine_boot(&f->machine, words);
  guest_machine_record(&f->machine, "");
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  unlink(f->monitor);
  serve_process_finish(&f->serve);
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  signal(SIGPIPE, SIG_IGN);
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY))
    return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_key_comes_up),
      cmocka_unit_test(keys_come_up_when_a_paused_vm_goes_on),
  };
  const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
  guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
