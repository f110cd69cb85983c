/* The input thread while everybody else stands still: QEMU's monitor reads nothing, the main thread never looks, stderr is a full pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "host/app/input_thread.h"
#include "host/app/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REPORTS 40000u /* five seconds of an 8 kHz mouse */
#define PATIENCE_S 60

struct fixture {
  char directory[64], path[96];
  int listener, monitor;
  char lines[65536];
  size_t used, taken;
  struct host_key_list host_keys;
  struct input_thread_options options;
  struct input_thread *input;
  atomic_uint changes;
};

static void on_changed(void *user_data) { atomic_fetch_add(&((struct fixture *)user_data)->changes, 1); }

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); }

/* ---- QEMU's end ---- */

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(f->directory, "/tmp/transom-test-XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  snprintf(f->path, sizeof f->path, "%s/qmp", f->directory);
  strcpy(address.sun_path, f->path);
  f->monitor = -1;
  f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(f->listener, 1), 0);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  input_thread_stop(f->input);
  if (f->monitor >= 0)
    close(f->monitor);
  close(f->listener);
  unlink(f->path);
  rmdir(f->directory);
  free(f);
  return 0;
}

static void send_text(struct fixture *f, const char *text) { assert_int_equal(write(f->monitor, text, strlen(text)), strlen(text)); }

/* The next line that the monitor is told. */
static const char *next_line(struct fixture *f) {
  char *end;
  memmove(f->lines, f->lines + f->taken, f->used - f->taken + 1);
  f->used -= f->taken;
  while (!(end = strstr(f->lines, "\n"))) {
    struct pollfd in = {.fd = f->monitor, .events = POLLIN};
    assert_int_equal(poll(&in, 1, PATIENCE_S * 1000), 1);
    ssize_t length = read(f->monitor, f->lines + f->used, sizeof f->lines - f->used - 1);
    assert_true(length > 0);
    f->used += (size_t)length;
    f->lines[f->used] = 0;
  }
  *end = 0;
  f->taken = (size_t)(end - f->lines) + 1;
  return f->lines;
}

static void answer(struct fixture *f, const char *line, const char *result) {
  char text[256];
  const char *id = strstr(line, "\"id\":");
  assert_non_null(id);
  snprintf(text, sizeof text, "{\"return\": %s, \"id\": %lu}\r\n", result, strtoul(id + 5, NULL, 10));
  send_text(f, text);
}

static void greet(struct fixture *f) {
  f->monitor = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
  assert_true(f->monitor >= 0);
  send_text(f, "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n");
  answer(f, next_line(f), "{}");
  answer(f, next_line(f), "[{\"absolute\": true}]");                       /* query-mice */
  answer(f, next_line(f), "{\"running\": true, \"status\": \"running\"}"); /* query-status */
}

static void start(struct fixture *f) {
  const struct input_thread_events events = {.changed = on_changed};
  static struct input_thread_events kept;
  char error[128];
  kept = events;
  f->options = (struct input_thread_options){.router.host_keys = &f->host_keys,
                                             .sinks = {.way = INPUT_SINKS_QMP, .qmp = f->path, .usb = ""},
                                             .control = "",
                                             .input_devices = "/dev/input/none-of-this-machine"};
  f->input = input_thread_start(&f->options, &kept, f, error, sizeof error);
  assert_non_null(f->input);
  greet(f);
  struct input_view view = {0};
  for (uint64_t end_ns = clock_monotonic_ns() + PATIENCE_S * UINT64_C(1000000000); !view.hears && clock_monotonic_ns() < end_ns; rest())
    input_thread_look(f->input, &view);
  assert_true(view.hears);
  input_thread_step(f->input, CAPTURE_FOCUS, INPUT_NOTE_NONE);
}

static struct input_event event_of(uint16_t page, uint16_t usage, int32_t value) {
  return (struct input_event){.page = page, .usage = usage, .value = value, .time_ns = clock_monotonic_ns()};
}

static void key(struct fixture *f, uint16_t usage, bool down) {
  struct input_event event = event_of(INPUT_PAGE_KEYBOARD, usage, down);
  input_thread_report(f->input, &event, 1);
}

static void wait_handled(struct fixture *f, uint64_t reports) {
  uint64_t end_ns = clock_monotonic_ns() + PATIENCE_S * UINT64_C(1000000000);
  while (input_thread_reports(f->input) < reports && clock_monotonic_ns() < end_ns)
    rest();
  assert_int_equal(input_thread_reports(f->input), reports);
}

/* ---- nobody reads stderr ---- */

static int fill_stderr(int ends[2]) {
  int before = dup(STDERR_FILENO);
  char bytes[4096] = {0};
  assert_int_equal(pipe(ends), 0);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], bytes, sizeof bytes) > 0)
    ;
  fcntl(ends[1], F_SETFL, 0); /* as a program is given it: a write would wait for ever */
  dup2(ends[1], STDERR_FILENO);
  log_set_sink(log_output_without_waiting, NULL);
  return before;
}

static void restore_stderr(int before, const int ends[2]) {
  dup2(before, STDERR_FILENO);
  close(before);
  close(ends[0]);
  close(ends[1]);
}

static void handles_every_event_while_all_others_stand_still(void **state) {
  struct fixture *f = *state;
  int ends[2];
  start(f);
  int before = fill_stderr(ends);
  for (unsigned i = 0; i < REPORTS; i++) { /* keys, so that the queue to QEMU runs over, again and again */
    key(f, 0x04 + (uint16_t)(i / 2 % 20), i % 2 == 0);
    if (i % 1000 == 999)
      wait_handled(f, i + 1);
  }
  answer(f, next_line(f), "{}"); /* one, so that the loss is noticed, and said to nobody */
  for (unsigned i = 0; i < 100; i++)
    key(f, 0x04, i % 2 == 0);
  wait_handled(f, REPORTS + 100);
  restore_stderr(before, ends);
  assert_true(atomic_load(&f->changes) > 0);
}

static void the_way_out_works_meanwhile(void **state) {
  struct fixture *f = *state;
  static const uint16_t chord[] = {0xe0, 0xe1, 0xe2, 0x29};
  start(f);
  for (unsigned i = 0; i < 4; i++)
    key(f, chord[i], true);
  wait_handled(f, 4);
  struct input_view view;
  input_thread_look(f->input, &view);
  assert_int_equal(view.note, INPUT_NOTE_PANIC);
  assert_int_equal(view.state, CAPTURE_RELEASED);
}

/* Whatever was thrown away: once QEMU reads again, each key that it saw go down comes up. */
static void nothing_stays_down_when_all_is_over(void **state) {
  struct fixture *f = *state;
  start(f);
  for (unsigned i = 0; i < 2000; i++) {
    key(f, 0x04 + (uint16_t)(i % 20), i / 20 % 2 == 0);
    if (i % 500 == 499)
      wait_handled(f, i + 1);
  }
  input_thread_step(f->input, CAPTURE_LEAVE, INPUT_NOTE_FOCUS);
  unsigned down = 0, presses = 0;
  bool last = false;
  for (key(f, 0x2c, true); !last || down;) { /* the space bar comes last, and stays down */
    const char *line = next_line(f), *name = strstr(line, "\"qcode\"");
    answer(f, line, "{}");
    name = name ? strstr(name, "\"data\":") : NULL;
    if (!name)
      continue;
    name = strchr(name + 7, '"') + 1;
    bool press = strstr(line, "true") != NULL;
    last |= strncmp(name, "spc", 3) == 0;
    if (strchr(name, '"') != name + 1)
      continue;
    presses += press;
    down = press ? down | 1u << (*name - 'a') : down & ~(1u << (*name - 'a'));
  }
  assert_true(presses > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(handles_every_event_while_all_others_stand_still),
      TEST(the_way_out_works_meanwhile),
      TEST(nothing_stays_down_when_all_is_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
