/* The QMP sink against a real QEMU without a guest: its firmware finds nothing to boot. QEMU's own trace of its input layer says what
 * arrived, in order. */
#include "host/event/event_loop.h"
#include "host/input/input_queue.h"
#include "host/input/input_sink.h"
#include "host/input/keymap_table.h"
#include "host/vm/qmp_client.h"

#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TURN_MS 100
#define PATIENCE_NS UINT64_C(30000000000) /* emulation on a busy machine */

struct machine {
  struct event_loop *loop;
  struct qmp_client *client;
  char directory[64], sink_socket[96], test_socket[96], trace[96];
  pid_t qemu;
  int replies, refused;
  bool is_ready;
};

static void on_ready(void *user_data) { ((struct machine *)user_data)->is_ready = true; }

static void run_qemu(const struct machine *machine) {
  char sink_qmp[128], test_qmp[128];
  snprintf(sink_qmp, sizeof(sink_qmp), "unix:%s,server=on,wait=off", machine->sink_socket);
  snprintf(test_qmp, sizeof(test_qmp), "unix:%s,server=on,wait=off", machine->test_socket);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execlp("qemu-system-x86_64", "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "64", "-display", "none", "-nodefaults",
         "-device", "virtio-keyboard-pci", "-device", "qemu-xhci", "-device", "usb-tablet", "-qmp", sink_qmp, "-qmp", test_qmp, "-trace",
         "enable=input_event_*", "-D", machine->trace, (char *)NULL);
  _exit(errno == ENOENT ? 77 : 1);
}

static int set_up(void **state) {
  struct machine *machine = calloc(1, sizeof(*machine));
  const char *temporary = getenv("TMPDIR");
  snprintf(machine->directory, sizeof(machine->directory), "%.40s/input-XXXXXX", temporary ? temporary : "/tmp");
  assert_non_null(mkdtemp(machine->directory));
  snprintf(machine->sink_socket, sizeof(machine->sink_socket), "%s/sink", machine->directory);
  snprintf(machine->test_socket, sizeof(machine->test_socket), "%s/test", machine->directory);
  snprintf(machine->trace, sizeof(machine->trace), "%s/trace", machine->directory);
  machine->qemu = fork();
  assert_true(machine->qemu >= 0);
  if (machine->qemu == 0)
    run_qemu(machine);
  machine->loop = event_loop_create(EVENT_LOOP_AUTO);
  static const struct qmp_client_events events = {.ready = on_ready};
  machine->client = qmp_client_create(machine->loop, machine->test_socket, &events, machine);
  *state = machine;
  const uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  while (!machine->is_ready && clock_monotonic_ns() < end_ns)
    event_loop_run_once(machine->loop, TURN_MS);
  assert_true(machine->is_ready);
  return 0;
}

static int tear_down(void **state) {
  struct machine *machine = *state;
  qmp_client_destroy(machine->client);
  event_loop_destroy(machine->loop);
  kill(machine->qemu, SIGKILL);
  waitpid(machine->qemu, NULL, 0);
  unlink(machine->sink_socket);
  unlink(machine->test_socket);
  unlink(machine->trace);
  rmdir(machine->directory);
  free(machine);
  return 0;
}

static void on_reply(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)result;
  struct machine *machine = user_data;
  machine->replies++;
  if (status == 0)
    return;
  machine->refused++;
  print_message("QEMU refuses: %s\n", error);
}

/* Whatever is under way has its reply. */
static void drain(struct machine *machine) { assert_true(qmp_client_drain(machine->client, (int)(PATIENCE_NS / 1000000))); }

static void send_key(struct machine *machine, const char *qcode, bool down) {
  char text[256];
  snprintf(text, sizeof(text), "{\"events\":[{\"type\":\"key\",\"data\":{\"down\":%s,\"key\":{\"type\":\"qcode\",\"data\":\"%s\"}}}]}",
           down ? "true" : "false", qcode);
  assert_int_equal(qmp_client_execute(machine->client, "input-send-event", text, on_reply, machine), 0);
  drain(machine);
}

static void every_key_name_is_known_to_qemu(void **state) {
  struct machine *machine = *state;
  for (size_t i = 0; i < keymap_count(); i++) {
    send_key(machine, keymap_at(i)->qcode, true);
    send_key(machine, keymap_at(i)->qcode, false);
  }
  assert_int_equal(machine->refused, 0);
  send_key(machine, "nosuch", true); /* the check can fail */
  assert_int_equal(machine->refused, 1);
}

/* Names that QEMU has and our table knowingly lacks: see keymap_table.c. */
static bool is_left_out(const char *qcode) {
  return strcmp(qcode, "unmapped") == 0 || strcmp(qcode, "asterisk") == 0 || strcmp(qcode, "lf") == 0;
}

struct schema {
  int names, unknown;
};

static bool is_key_enum(const struct qmp_value *values) {
  for (const struct qmp_value *value = qmp_value_first(values); value; value = qmp_value_next(value))
    if (qmp_value_string(value) && strcmp(qmp_value_string(value), "kp_enter") == 0)
      return true;
  return false;
}

static void on_schema(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)error;
  struct schema *schema = user_data;
  assert_int_equal(status, 0);
  for (const struct qmp_value *entry = qmp_value_first(result); entry; entry = qmp_value_next(entry)) {
    const struct qmp_value *values = qmp_value_member(entry, "values");
    for (const struct qmp_value *value = is_key_enum(values) ? qmp_value_first(values) : NULL; value; value = qmp_value_next(value)) {
      const char *name = qmp_value_string(value);
      schema->names++;
      if (is_left_out(name) || keymap_find_qcode(name) >= 0)
        continue;
      schema->unknown++;
      print_message("not in the keymap: %s\n", name);
    }
  }
}

static void every_key_of_qemu_is_in_the_keymap(void **state) {
  struct machine *machine = *state;
  struct schema schema = {0};
  assert_int_equal(qmp_client_execute(machine->client, "query-qmp-schema", NULL, on_schema, &schema), 0);
  drain(machine);
  assert_true(schema.names >= 100);
  if (schema.names == 150) /* 7.2's; a newer QEMU may know more */
    assert_int_equal(schema.unknown, 0);
}

static bool trace_has(const struct machine *machine, const char *line, long *offset) {
  FILE *file = fopen(machine->trace, "r");
  if (!file || fseek(file, *offset, SEEK_SET)) {
    if (file)
      fclose(file);
    return false;
  }
  char text[512];
  bool found = false;
  while (!found && fgets(text, sizeof(text), file))
    found = strstr(text, line) != NULL;
  if (found)
    *offset = ftell(file);
  fclose(file);
  return found;
}

static struct input_sink *connect_sink(struct machine *machine, long *offset) {
  struct input_sink *sink = input_sink_qmp_create(machine->loop, machine->sink_socket);
  assert_non_null(sink);
  const uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  while (clock_monotonic_ns() < end_ns) { /* its first key that arrives says that it is connected */
    if (trace_has(machine, "key qcode f12, down 0", offset))
      return sink;
    if (event_loop_run_once(machine->loop, TURN_MS) > 0)
      continue;
    sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 0x45, true);
    sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 0x45, false);
  }
  fail_msg("the sink never connected");
  return NULL;
}

static void expect_trace(struct machine *machine, const char *const *lines, size_t count, long *offset) {
  const uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  for (size_t i = 0; i < count; i++) {
    while (!trace_has(machine, lines[i], offset)) {
      if (clock_monotonic_ns() > end_ns)
        fail_msg("never arrived, or out of order: %s", lines[i]);
      event_loop_run_once(machine->loop, TURN_MS);
    }
  }
}

static void the_sink_arrives_in_order(void **state) {
  struct machine *machine = *state;
  long offset = 0;
  struct input_sink *sink = connect_sink(machine, &offset);
  sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 0x04, true);
  sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 0x04, false);
  sink->impl->absolute(sink, 100, INPUT_ABSOLUTE_MAX);
  sink->impl->button(sink, INPUT_BUTTON_LEFT, true);
  sink->impl->button(sink, INPUT_BUTTON_LEFT, false);
  sink->impl->relative(sink, -5, 300);
  sink->impl->wheel(sink, 120, 0);
  sink->impl->wheel(sink, -120, 0);
  sink->impl->wheel(sink, 0, -240);
  sink->impl->wheel(sink, 0, 120);
  for (int button = INPUT_BUTTON_RIGHT; button <= INPUT_BUTTON_EXTRA; button++)
    sink->impl->button(sink, (enum input_button)button, true);
  const char *const lines[] = {"key qcode a, down 1",       "key qcode a, down 0",        "axis x, value 0x64",
                               "axis y, value 0x7fff",      "button left, down 1",        "button left, down 0",
                               "axis x, value -5",          "axis y, value 300",          "button wheel-up, down 1",
                               "button wheel-up, down 0",   "button wheel-down, down 1",  "button wheel-left, down 1",
                               "button wheel-left, down 1", "button wheel-right, down 1", "button right, down 1",
                               "button middle, down 1",     "button side, down 1",        "button extra, down 1"};
  expect_trace(machine, lines, sizeof(lines) / sizeof(lines[0]), &offset);
  sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 0xe1, true);
  sink->impl->destroy(sink); /* releases; nothing runs the loop after it */
  const char *const last[] = {"key qcode shift, down 1", "key qcode shift, down 0", "button extra, down 0"};
  expect_trace(machine, last, 3, &offset);
}

int main(void) {
  log_set_level(LOG_ERROR);
  if (system("command -v qemu-system-x86_64 >/dev/null 2>&1") != 0) {
    fprintf(stderr, "test_input_qemu: no qemu-system-x86_64 here; install qemu-system-x86\n");
    return 77;
  }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(every_key_name_is_known_to_qemu),
      TEST(every_key_of_qemu_is_in_the_keymap),
      TEST(the_sink_arrives_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
