#include "host/input/input_queue.h"
#include "host/input/input_sink.h"
#include "host/input/keymap_table.h"

#include "common/log.h"
#include "support/fake_qmp.h"
#include "support/manual_event_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY_A 0x04
#define KEY_B 0x05
#define KEY_SHIFT 0xe1
#define MOTION_INTERVAL_NS UINT64_C(4000000)
#define IN_FLIGHT 8

#define DOWN_A "{\"down\":true,\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}"
#define UP_A "{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}"
#define UP_B "{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"b\"}}"
#define UP_SHIFT "{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"shift\"}}"

struct fixture {
  struct event_loop *loop;
  struct fake_qmp fake;
  struct input_sink *sink;
};

static void answer_questions(struct fixture *f, const char *mice, const char *status) {
  const char *line = fake_qmp_next(&f->fake);
  assert_non_null(line);
  assert_non_null(strstr(line, "\"query-mice\""));
  fake_qmp_reply(&f->fake, line, mice);
  line = fake_qmp_next(&f->fake);
  assert_non_null(line);
  assert_non_null(strstr(line, "\"query-status\""));
  fake_qmp_reply(&f->fake, line, status);
}

static const char tablet[] = "[{\"absolute\": false}, {\"absolute\": true}]";
static const char mouse_only[] = "[{\"absolute\": false}]";
static const char running[] = "{\"running\": true, \"status\": \"running\"}";
static const char paused[] = "{\"running\": false, \"status\": \"paused\"}";

static void connect_to(struct fixture *f, const char *mice) {
  fake_qmp_accept(&f->fake);
  fake_qmp_greet(&f->fake);
  answer_questions(f, mice, running);
}

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof(*f));
  log_set_level(LOG_ERROR);
  f->loop = event_loop_create(EVENT_LOOP_AUTO);
  fake_qmp_start(&f->fake, f->loop);
  f->sink = input_sink_qmp_create(f->loop, f->fake.path);
  assert_non_null(f->sink);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  fake_qmp_hang_up(&f->fake); /* else destroy waits for replies */
  f->sink->impl->destroy(f->sink);
  fake_qmp_stop(&f->fake);
  event_loop_destroy(f->loop);
  free(f);
  return 0;
}

static void key(struct fixture *f, uint16_t usage, bool down) { f->sink->impl->key(f->sink, KEYMAP_PAGE_KEYBOARD, usage, down); }

/* The next command says `part`; it is answered. */
static void expect(struct fixture *f, const char *part) {
  const char *line = fake_qmp_next(&f->fake);
  assert_non_null(line);
  if (!strstr(line, part))
    fail_msg("expected %s in %s", part, line);
  fake_qmp_reply(&f->fake, line, "{}");
}

static void expect_silence(struct fixture *f) {
  const char *line = fake_qmp_next(&f->fake);
  if (line)
    fail_msg("unexpected: %s", line);
}

static void sends_keys_in_order(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_A, true);
  key(f, KEY_A, true); /* autorepeat */
  key(f, KEY_A, false);
  f->sink->impl->button(f->sink, INPUT_BUTTON_SIDE, true);
  f->sink->impl->key(f->sink, KEYMAP_PAGE_KEYBOARD, 0xfff, true); /* no such key */
  expect(f, DOWN_A);
  expect(f, UP_A);
  expect(f, "{\"button\":\"side\",\"down\":true}");
  expect_silence(f);
}

static void motion_is_merged_to_250_hz(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  f->sink->impl->relative(f->sink, 1, 0);
  expect(f, "{\"axis\":\"x\",\"value\":1}");
  int commands = 0;
  for (int ms = 0; ms < 1000; ms++) { /* a mouse of 1000 Hz */
    f->sink->impl->relative(f->sink, 1, 1);
    manual_event_loop_advance(f->loop, UINT64_C(1000000));
    for (const char *line; (line = fake_qmp_next(&f->fake)); commands++) {
      assert_non_null(strstr(line, "{\"axis\":\"x\",\"value\":4}"));
      fake_qmp_reply(&f->fake, line, "{}");
    }
  }
  assert_int_equal(commands, 250);
}

static void a_key_takes_waiting_motion_along_at_once(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  f->sink->impl->absolute(f->sink, 10, 20);
  const char *line = fake_qmp_next(&f->fake);
  assert_non_null(line);
  assert_non_null(strstr(line, "{\"type\":\"abs\",\"data\":{\"axis\":\"x\",\"value\":10}}"));
  f->sink->impl->absolute(f->sink, 11, 21);
  fake_qmp_reply(&f->fake, line, "{}"); /* an answer is no reason to send motion early */
  expect_silence(f);
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, true);
  expect(f, "\"value\":21}},{\"type\":\"btn\",\"data\":{\"button\":\"left\",\"down\":true}}");
  expect_silence(f);
}

static void absolute_needs_a_tablet(void **state) {
  struct fixture *f = *state;
  connect_to(f, mouse_only);
  f->sink->impl->absolute(f->sink, 10, 20);
  expect_silence(f);
  fake_qmp_send(&f->fake, "{\"event\": \"RESET\"}\n"); /* another look: a tablet may have come */
  answer_questions(f, tablet, running);
  f->sink->impl->absolute(f->sink, 10, 20);
  expect(f, "\"abs\"");
}

static void wheel_is_buttons(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  f->sink->impl->wheel(f->sink, 60, 0);
  expect_silence(f);
  f->sink->impl->wheel(f->sink, 60, -120);
  expect(f, "{\"button\":\"wheel-up\",\"down\":true}},{\"type\":\"btn\",\"data\":{\"button\":\"wheel-up\",\"down\":false}}");
  expect(f, "wheel-left");
  f->sink->impl->wheel(f->sink, -120, 120);
  expect(f, "wheel-down");
  expect(f, "wheel-right");
}

static void reset_releases_what_is_down(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_SHIFT, true);
  key(f, KEY_A, true);
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, true);
  for (int i = 0; i < 3; i++)
    expect(f, "\"down\":true");
  f->sink->impl->reset(f->sink);
  expect(f, UP_A);
  expect(f, UP_SHIFT);
  expect(f, "{\"button\":\"left\",\"down\":false}");
  f->sink->impl->reset(f->sink);
  key(f, KEY_A, false);
  expect_silence(f);
}

static void nothing_is_down_after_a_new_connection(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_SHIFT, true);
  key(f, KEY_A, true);
  key(f, KEY_A, false);
  expect(f, "shift");
  expect(f, DOWN_A);
  fake_qmp_hang_up(&f->fake); /* the release of A was not answered: it may not have arrived */
  key(f, KEY_B, true);        /* nobody hears: gone */
  manual_event_loop_advance(f->loop, UINT64_C(1000000000));
  connect_to(f, tablet);
  expect(f, UP_A);
  expect(f, UP_SHIFT);
  key(f, KEY_SHIFT, false); /* released already */
  expect_silence(f);
  key(f, KEY_A, true);
  expect(f, DOWN_A);
}

static void a_quick_release_and_press_stays_known(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_A, true);
  key(f, KEY_A, false);
  key(f, KEY_A, true); /* its press is under way when the answer to the release comes */
  expect(f, DOWN_A);
  expect(f, UP_A);
  expect(f, DOWN_A);
  fake_qmp_hang_up(&f->fake);
  manual_event_loop_advance(f->loop, UINT64_C(1000000000));
  connect_to(f, tablet);
  expect(f, UP_A);
}

static void a_paused_vm_gets_its_releases_later(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_A, true);
  expect(f, DOWN_A);
  key(f, KEY_A, false);
  fake_qmp_refuse(&f->fake, fake_qmp_next(&f->fake), "VM not running"); /* paused in between */
  answer_questions(f, tablet, paused);
  key(f, KEY_B, true);
  expect_silence(f);
  fake_qmp_send(&f->fake, "{\"event\": \"RESUME\"}\n");
  answer_questions(f, tablet, running);
  expect(f, UP_A);
  expect_silence(f);
  fake_qmp_send(&f->fake, "{\"event\": \"STOP\"}\n");
  key(f, KEY_B, true);
  expect_silence(f);
}

static void a_refused_key_releases_nothing(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_SHIFT, true);
  expect(f, "shift");
  key(f, KEY_A, true);
  fake_qmp_refuse(&f->fake, fake_qmp_next(&f->fake), "Parameter 'data' does not accept value 'a'");
  answer_questions(f, tablet, running);
  expect_silence(f);
  key(f, KEY_B, true);
  expect(f, "\"b\"");
}

static void a_hung_monitor_costs_a_bounded_queue(void **state) {
  struct fixture *f = *state;
  connect_to(f, tablet);
  key(f, KEY_SHIFT, true);
  expect(f, "shift");
  /* 8 under way, INPUT_QUEUE_ENTRIES waiting, then one too many. */
  for (unsigned i = 0; i < IN_FLIGHT + INPUT_QUEUE_ENTRIES + 1; i++) {
    key(f, KEY_A, i % 2 == 0);
    manual_event_loop_settle(f->loop);
  }
  char lines[IN_FLIGHT][1024];
  for (int i = 0; i < IN_FLIGHT; i++)
    snprintf(lines[i], sizeof(lines[i]), "%s", fake_qmp_next(&f->fake));
  expect_silence(f);
  for (int i = 0; i < IN_FLIGHT; i++)
    fake_qmp_reply(&f->fake, lines[i], "{}");
  expect(f, UP_A); /* up already, but QEMU had not yet said so when the first answer came */
  expect(f, UP_SHIFT);
  expect_silence(f);
  key(f, KEY_B, true);
  key(f, KEY_B, false);
  expect(f, "\"b\"");
  expect(f, UP_B);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(sends_keys_in_order),
      TEST(motion_is_merged_to_250_hz),
      TEST(a_key_takes_waiting_motion_along_at_once),
      TEST(absolute_needs_a_tablet),
      TEST(wheel_is_buttons),
      TEST(reset_releases_what_is_down),
      TEST(nothing_is_down_after_a_new_connection),
      TEST(a_quick_release_and_press_stays_known),
      TEST(a_paused_vm_gets_its_releases_later),
      TEST(a_refused_key_releases_nothing),
      TEST(a_hung_monitor_costs_a_bounded_queue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
