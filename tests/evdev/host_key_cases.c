/* Host keys on a real kernel: runs as root in the guest that plays the host. A user without rights captures a uinput keyboard through
 * transom-serve; what of it is the host's comes out of the keyboard that the server plays, and nothing of that reaches the guest. */
#include "support/broker_process.h"
#include "support/serve_process.h"
#include "support/test_random.h"
#include "support/uinput_device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define USER 1000
#define SESSIONS "/run/systemd/sessions"
#define HOST_KEYS "super+1..9,ctrl+alt+t,ctrl+alt+shift+k,volume"
#define PATIENCE_S 60
#define CHORD_MAX 4

struct fixture {
  struct serve_process serve;
  struct uinput_device keyboard;
  struct broker_process viewer;
  int compositor; /* reads that keyboard beside the viewer */
  int host;       /* reads the keyboard that the server plays; -1: there is none */
  char host_node[64];
};

/* ---- the stage ---- */

static void make_logind(void) {
  static const char *const directories[] = {"/run/systemd", "/run/systemd/seats", SESSIONS, "/run/systemd/users", "/run/systemd/machines"};
  for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
    assert_true(!mkdir(directories[i], 0755) || errno == EEXIST);
  FILE *file = fopen(SESSIONS "/1", "w");
  assert_non_null(file);
  fprintf(file, "UID=%d\nUSER=user\nACTIVE=1\nSTATE=active\nREMOTE=0\nTYPE=wayland\nCLASS=user\nSEAT=seat0\nVTNR=1\n", USER);
  assert_int_equal(fclose(file), 0);
}

/* The node of the keyboard that the server plays, by its name in sysfs. False: there is none. */
static bool find_host_keyboard(char node[64]) {
  DIR *directory = opendir("/sys/class/input");
  assert_non_null(directory);
  bool found = false;
  for (const struct dirent *entry; (entry = readdir(directory));) {
    char path[128], name[64] = "";
    snprintf(path, sizeof path, "/sys/class/input/%.40s/device/name", entry->d_name);
    FILE *file = strncmp(entry->d_name, "event", 5) ? NULL : fopen(path, "r");
    if (!file)
      continue;
    found |= fgets(name, sizeof name, file) && !strcmp(name, "Transom host keys\n");
    if (!strcmp(name, "Transom host keys\n"))
      snprintf(node, 64, "/dev/input/%.40s", entry->d_name);
    fclose(file);
  }
  closedir(directory);
  return found;
}

static void start(struct fixture *f, const char *viewer, const char *const *arguments) {
  static const char *const small[] = {"--size", "1M", NULL};
  signal(SIGPIPE, SIG_IGN);
  make_logind();
  assert_true(serve_process_init(&f->serve) && serve_process_start(&f->serve, small));
  assert_int_equal(chmod(f->serve.directory, 0711), 0);
  assert_int_equal(chown(f->serve.control_socket, 0, USER), 0);
  uinput_device_create(&f->keyboard, UINPUT_KEYBOARD, "Test keyboard", "usb-1");
  f->compositor = uinput_device_open(&f->keyboard);
  f->host = -1;
  broker_process_start(&f->viewer, USER, viewer, f->serve.control_socket, arguments);
}

static void open_host_keyboard(struct fixture *f) {
  assert_true(find_host_keyboard(f->host_node));
  f->host = open(f->host_node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(f->host >= 0);
}

static void start_captured(struct fixture *f) {
  static const char *const arguments[] = {HOST_KEYS, NULL};
  start(f, "/usr/bin/input_viewer", arguments);
  broker_process_await(&f->viewer, "ready");
  broker_process_await(&f->viewer, "log input: info: while keyboards are captured, host keys reach the host");
  open_host_keyboard(f);
  broker_process_tell(&f->viewer, "capture");
  broker_process_await(&f->viewer, "captured");
}

static int set_up(void **state) {
  *state = calloc(1, sizeof(struct fixture));
  return *state ? 0 : -1;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  broker_process_end(&f->viewer);
  close(f->compositor);
  if (f->host >= 0)
    close(f->host);
  uinput_device_destroy(&f->keyboard);
  serve_process_finish(&f->serve);
  free(f);
  return 0;
}

/* ---- what came where ---- */

struct typed {
  uint16_t code;
  const char *name; /* QEMU's */
};

static void await_host(struct fixture *f) {
  struct pollfd in = {.fd = f->host, .events = POLLIN};
  if (poll(&in, 1, PATIENCE_S * 1000) == 1)
    return;
  broker_process_said(&f->viewer, "nothing"); /* reads what it said */
  fail_msg("nothing came to the host, but the viewer said:\n%s", f->viewer.said);
}

static void expect_at_host(struct fixture *f, const struct uinput_key_change *expected, size_t count) {
  struct uinput_key_change came[2 * CHORD_MAX];
  for (size_t filled = 0; filled < count;) {
    await_host(f);
    filled += uinput_read_keys(f->host, came + filled, count - filled);
  }
  for (size_t i = 0; i < count; i++)
    if (came[i].code != expected[i].code || came[i].down != expected[i].down)
      fail_msg("key %u %d instead of %u %d at the host", came[i].code, came[i].down, expected[i].code, expected[i].down);
}

static void expect_nothing_at_host(struct fixture *f) {
  struct uinput_key_change change;
  assert_int_equal(uinput_read_keys(f->host, &change, 1), 0);
}

/* All that the guest has got up to here, presses and releases apart ("a b "): a key that only a guest gets marks the end. */
static void take_guests(struct fixture *f, char presses[128], char releases[128]) {
  presses[0] = releases[0] = 0;
  uinput_device_key(&f->keyboard, KEY_Z, true);
  uinput_device_key(&f->keyboard, KEY_Z, false);
  for (;;) {
    const char *line = broker_process_await(&f->viewer, "guest ");
    if (!strcmp(line, "guest -z"))
      return;
    char *told = line[6] == '+' ? presses : releases;
    if (strcmp(line, "guest +z"))
      snprintf(told + strlen(told), 128 - strlen(told), "%s ", line + 7);
  }
}

/* ---- all orders ---- */

static void order_of(unsigned n, unsigned count, unsigned order[CHORD_MAX]) {
  unsigned left[CHORD_MAX] = {0, 1, 2, 3};
  for (unsigned i = 0; i < count; i++) {
    const unsigned pick = n % (count - i);
    n /= count - i;
    order[i] = left[pick];
    memmove(&left[pick], &left[pick + 1], (count - i - pick - 1) * sizeof *left);
  }
}

/* A chord whose key comes last: all of it is the host's. The fingers rest until the host has heard the presses. */
static void check_hosts(struct fixture *f, const struct uinput_key_change changes[], size_t count) {
  char presses[128], releases[128];
  for (size_t i = 0; i < 2 * count; i++) {
    if (i == count)
      expect_at_host(f, changes, count);
    uinput_device_key(&f->keyboard, changes[i].code, changes[i].down);
  }
  expect_at_host(f, changes + count, count);
  take_guests(f, presses, releases);
  assert_string_equal(presses, "");
  assert_string_equal(releases, "");
  expect_nothing_at_host(f);
}

static void check_guests(struct fixture *f, const struct uinput_key_change changes[], size_t count, const char *expected[2]) {
  char presses[128], releases[128];
  for (size_t i = 0; i < 2 * count; i++)
    uinput_device_key(&f->keyboard, changes[i].code, changes[i].down);
  take_guests(f, presses, releases);
  assert_string_equal(presses, expected[0]);
  assert_string_equal(releases, expected[1]);
  expect_nothing_at_host(f);
}

static const unsigned factorial[] = {1, 1, 2, 6, 24};

static void check_order(struct fixture *f, const struct typed *chord, unsigned count, unsigned n) {
  struct uinput_key_change changes[2 * CHORD_MAX];
  unsigned press[CHORD_MAX], release[CHORD_MAX];
  char presses[128] = "", releases[128] = "";
  order_of(n % factorial[count], count, press);
  order_of(n / factorial[count], count, release);
  for (unsigned i = 0; i < count; i++) {
    changes[i] = (struct uinput_key_change){chord[press[i]].code, true};
    changes[count + i] = (struct uinput_key_change){chord[release[i]].code, false};
    snprintf(presses + strlen(presses), sizeof presses - strlen(presses), "%s ", chord[press[i]].name);
    snprintf(releases + strlen(releases), sizeof releases - strlen(releases), "%s ", chord[release[i]].name);
  }
  if (press[count - 1] == count - 1)
    check_hosts(f, changes, count);
  else
    check_guests(f, changes, count, (const char *[2]){presses, releases});
}

/* The table of tests/unit/test_host_keys.c. All of the 576 orders of four keys with TRANSOM_LONG=1, else ten by the seed. */
static void all_orders_of_a_chord_stay_whole(void **state) {
  static const struct typed two[][2] = {{{KEY_LEFTMETA, "meta_l"}, {KEY_1, "1"}}, {{KEY_RIGHTMETA, "meta_r"}, {KEY_9, "9"}}};
  static const struct typed three[] = {{KEY_LEFTCTRL, "ctrl"}, {KEY_LEFTALT, "alt"}, {KEY_T, "t"}};
  static const struct typed four[] = {{KEY_LEFTCTRL, "ctrl"}, {KEY_LEFTALT, "alt"}, {KEY_LEFTSHIFT, "shift"}, {KEY_K, "k"}};
  const bool is_long = getenv("TRANSOM_LONG") && !strcmp(getenv("TRANSOM_LONG"), "1");
  struct test_random random = {.state = getenv("TRANSOM_SEED") ? strtoull(getenv("TRANSOM_SEED"), NULL, 0) : 1};
  struct fixture *f = *state;
  start_captured(f);
  print_message("TRANSOM_SEED=%llu\n", (unsigned long long)random.state);
  for (unsigned n = 0; n < 4; n++) {
    check_order(f, two[0], 2, n);
    check_order(f, two[1], 2, n);
  }
  for (unsigned n = 0; n < 36; n++)
    check_order(f, three, 3, n);
  for (unsigned i = 0; i < (is_long ? 576 : 10); i++)
    check_order(f, four, 4, is_long ? i : test_random_below(&random, 576));
}

static void single_keys_reach_the_host(void **state) {
  struct fixture *f = *state;
  start_captured(f);
  check_hosts(f, (const struct uinput_key_change[]){{KEY_VOLUMEUP, true}, {KEY_VOLUMEUP, false}}, 1);
  check_hosts(f, (const struct uinput_key_change[]){{KEY_MUTE, true}, {KEY_MUTE, false}}, 1);
}

/* ---- nothing stays down ---- */

static const struct uinput_key_change held[] = {{KEY_LEFTMETA, true}, {KEY_1, true}};

static void hold_chord(struct fixture *f) {
  start_captured(f);
  for (size_t i = 0; i < 2; i++)
    uinput_device_key(&f->keyboard, held[i].code, true);
  expect_at_host(f, held, 2);
  assert_true(uinput_kernel_has_down(f->host, KEY_LEFTMETA) && uinput_kernel_has_down(f->host, KEY_1));
}

/* With the keyboard goes what is down on it; whoever reads it gets ENODEV. */
static void await_no_host_keyboard(struct fixture *f) {
  struct input_event_bytes {
    char bytes[24];
  } event;
  char node[64];
  ssize_t count;
  do {
    await_host(f);
    count = read(f->host, &event, sizeof event);
  } while (count > 0 || (count < 0 && errno == EAGAIN));
  assert_int_equal(errno, ENODEV);
  assert_false(find_host_keyboard(node));
}

static void a_killed_viewer_leaves_nothing_down(void **state) {
  struct fixture *f = *state;
  hold_chord(f);
  assert_int_equal(kill(f->viewer.pid, SIGKILL), 0);
  await_no_host_keyboard(f);
}

static void a_stopped_viewer_leaves_nothing_down(void **state) {
  struct fixture *f = *state;
  hold_chord(f);
  assert_int_equal(kill(f->viewer.pid, SIGSTOP), 0);
  await_no_host_keyboard(f);
}

static void a_killed_server_leaves_nothing_down(void **state) {
  struct fixture *f = *state;
  hold_chord(f);
  assert_int_equal(serve_process_kill(&f->serve, SIGKILL), -SIGKILL);
  await_no_host_keyboard(f);
}

/* The capture ends under the user's fingers. */
static void an_ended_capture_leaves_nothing_down(void **state) {
  struct fixture *f = *state;
  hold_chord(f);
  broker_process_tell(&f->viewer, "release");
  broker_process_await(&f->viewer, "released");
  expect_at_host(f, (const struct uinput_key_change[]){{KEY_1, false}, {KEY_LEFTMETA, false}}, 2);
  assert_false(uinput_kernel_has_down(f->host, KEY_LEFTMETA) || uinput_kernel_has_down(f->host, KEY_1));
}

/* ---- who may play what ---- */

static void a_viewer_types_nothing_of_its_own(void **state) {
  struct fixture *f = *state;
  start(f, "/usr/bin/broker_viewer", NULL);
  broker_process_await(&f->viewer, "host-keys");
  open_host_keyboard(f);
  broker_process_tell(&f->viewer, "grab");
  broker_process_await(&f->viewer, "grab ");
  broker_process_tell(&f->viewer, "host-key 7 4 1"); /* nobody holds A */
  broker_process_tell(&f->viewer, "host-key 7 4 0");
  uinput_device_key(&f->keyboard, KEY_B, true);
  broker_process_await(&f->viewer, "key ");
  broker_process_tell(&f->viewer, "host-key 7 4 1");
  broker_process_tell(&f->viewer, "host-key 7 5 1"); /* B is held: the first that is played */
  expect_at_host(f, (const struct uinput_key_change[]){{KEY_B, true}}, 1);
  uinput_device_key(&f->keyboard, KEY_B, false); /* and it does not say so: the server sees it by itself */
  expect_at_host(f, (const struct uinput_key_change[]){{KEY_B, false}}, 1);
  expect_nothing_at_host(f);
  assert_true(serve_process_will_say(&f->serve, "gave the host a key that is not down"));
}

/* The viewer hears every key event, though the server looks at the same keyboard: here while one waits to be read. */
static void looking_takes_no_event_from_the_viewer(void **state) {
  struct fixture *f = *state;
  char line[128];
  start(f, "/usr/bin/broker_viewer", NULL);
  broker_process_await(&f->viewer, "host-keys");
  open_host_keyboard(f);
  uinput_device_key(&f->keyboard, KEY_C, true);
  broker_process_await(&f->viewer, "key ");
  assert_int_equal(kill(f->serve.pid, SIGSTOP), 0);
  broker_process_tell(&f->viewer, "host-key 7 6 1");
  broker_process_await(&f->viewer, "asked");
  assert_int_equal(kill(f->viewer.pid, SIGSTOP), 0);
  uinput_device_key(&f->keyboard, KEY_D, true);
  assert_int_equal(kill(f->serve.pid, SIGCONT), 0);
  expect_at_host(f, (const struct uinput_key_change[]){{KEY_C, true}}, 1);
  assert_int_equal(kill(f->viewer.pid, SIGCONT), 0);
  snprintf(line, sizeof line, "key %s %d 1", f->keyboard.info.node, KEY_D);
  broker_process_await(&f->viewer, line);
}

static void the_host_keyboard_is_never_lent(void **state) {
  struct fixture *f = *state;
  struct uinput_device another;
  char line[128], text[4096];
  start(f, "/usr/bin/broker_viewer", NULL);
  broker_process_await(&f->viewer, "host-keys");
  open_host_keyboard(f);
  uinput_device_create(&another, UINPUT_KEYBOARD, "Another keyboard", NULL); /* seen after it */
  snprintf(line, sizeof line, "device %s ", another.info.node);
  broker_process_await(&f->viewer, line);
  snprintf(line, sizeof line, "device %s ", f->host_node);
  assert_false(broker_process_said(&f->viewer, line));
  uinput_device_destroy(&another);
  FILE *list = popen("/usr/bin/transom input --list", "r");
  assert_non_null(list);
  text[fread(text, 1, sizeof text - 1, list)] = 0;
  assert_int_equal(pclose(list), 0);
  const char *about = strstr(text, "Transom host keys\n");
  assert_non_null(about);
  assert_int_equal(strncmp(about, "Transom host keys\n  is never taken for a guest", 46), 0);
}

/* ---- where it cannot be ---- */

static void without_uinput_the_guest_gets_them(void **state) {
  struct fixture *f = *state;
  static const char *const arguments[] = {HOST_KEYS, NULL};
  char presses[128], releases[128], node[64];
  start(f, "/usr/bin/broker_viewer", NULL); /* makes the keyboard and the server */
  broker_process_end(&f->viewer);
  assert_int_equal(rename("/dev/uinput", "/dev/uinput.away"), 0);
  broker_process_start(&f->viewer, USER, "/usr/bin/input_viewer", f->serve.control_socket, arguments);
  broker_process_await(&f->viewer, "log input: info: while keyboards are captured, host keys go to the guest: transom-serve cannot open");
  assert_int_equal(rename("/dev/uinput.away", "/dev/uinput"), 0);
  broker_process_await(&f->viewer, "ready");
  broker_process_tell(&f->viewer, "capture");
  broker_process_await(&f->viewer, "captured");
  uinput_device_key(&f->keyboard, KEY_LEFTMETA, true);
  uinput_device_key(&f->keyboard, KEY_1, true);
  uinput_device_key(&f->keyboard, KEY_1, false);
  uinput_device_key(&f->keyboard, KEY_LEFTMETA, false);
  take_guests(f, presses, releases);
  assert_string_equal(presses, "meta_l 1 ");
  assert_string_equal(releases, "1 meta_l ");
  assert_false(find_host_keyboard(node));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(all_orders_of_a_chord_stay_whole),    T(single_keys_reach_the_host),
      T(a_killed_viewer_leaves_nothing_down), T(a_stopped_viewer_leaves_nothing_down),
      T(a_killed_server_leaves_nothing_down), T(an_ended_capture_leaves_nothing_down),
      T(a_viewer_types_nothing_of_its_own),   T(looking_takes_no_event_from_the_viewer),
      T(the_host_keyboard_is_never_lent),     T(without_uinput_the_guest_gets_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
