/* The capture state machine: every pair of state and event, under every condition, against the rules said in another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/input/input_capture.h"

#define NOW UINT64_C(77000000000)

struct pair {
  struct input_capture before, after;
  enum capture_event event;
  uint32_t actions;
};

/* What is captured or suspended has the focus, and what is captured is heard: the machine cannot be brought to anything else. */
static bool can_be(const struct input_capture *capture) {
  switch (capture->state) {
  case CAPTURE_WAITING:
  case CAPTURE_CAPTURED:
    return capture->focused && capture->hearing;
  case CAPTURE_SUSPENDED:
    return capture->focused && !capture->hearing;
  default:
    return true;
  }
}

static void for_each_pair(void (*check)(const struct pair *pair)) {
  for (unsigned i = 0; i < CAPTURE_STATES * CAPTURE_EVENTS * 4; i++) {
    struct pair pair = {.event = (enum capture_event)(i / 4 % CAPTURE_EVENTS)};
    pair.before = (struct input_capture){
        .state = (enum capture_state)(i / 4 / CAPTURE_EVENTS), .focused = i & 1, .hearing = i & 2, .deadline_ns = i % 4 == 3 ? NOW + 1 : 0};
    if (!can_be(&pair.before))
      continue;
    pair.after = pair.before;
    pair.actions = input_capture_step(&pair.after, pair.event, NOW);
    check(&pair);
  }
}

/* The table again, by event, as one line for each: what becomes of r(eleased), w(aiting), c(aptured), s(uspended). */
static void goes_where_the_table_says(const struct pair *pair) {
  static const char *const table[CAPTURE_EVENTS] = {
      [CAPTURE_TOGGLE] = "wrrr",  [CAPTURE_ASK] = "wwcs",     [CAPTURE_KEYS_UP] = "rccs", [CAPTURE_LATE] = "rrcs",
      [CAPTURE_RACED] = "rwws",   [CAPTURE_REFUSED] = "rrrs", [CAPTURE_LEAVE] = "rrrr",   [CAPTURE_FOCUS] = "rwcs",
      [CAPTURE_RELEASE] = "rrrr", [CAPTURE_DEAF] = "rsss",    [CAPTURE_HEARING] = "rwcw",
  };
  char expected = table[pair->event][pair->before.state];
  if (pair->before.state == CAPTURE_RELEASED && expected == 'w' && !(pair->before.focused && pair->before.hearing))
    expected = 'r';
  if ("rwcs"[pair->after.state] != expected)
    fail_msg("state %d, event %d: %d instead of '%c'", pair->before.state, pair->event, pair->after.state, expected);
  assert_true(can_be(&pair->after));
}

static void grabs_only_when_the_keys_are_up(const struct pair *pair) {
  if (pair->actions & CAPTURE_GRAB)
    assert_true(pair->before.state == CAPTURE_WAITING && pair->event == CAPTURE_KEYS_UP);
  assert_int_equal(!!(pair->actions & CAPTURE_GRAB), pair->before.state != CAPTURE_CAPTURED && pair->after.state == CAPTURE_CAPTURED);
}

static void whoever_leaves_gives_all_back(const struct pair *pair) {
  bool left = pair->before.state == CAPTURE_CAPTURED && pair->after.state != CAPTURE_CAPTURED;
  assert_int_equal(!!(pair->actions & CAPTURE_UNGRAB), left);
  if (left || pair->event == CAPTURE_LEAVE || pair->event == CAPTURE_RELEASE)
    assert_true(pair->actions & CAPTURE_RELEASE_GUEST);
}

static void waiting_has_an_end(const struct pair *pair) {
  uint64_t deadline_ns = input_capture_deadline_ns(&pair->after);
  if (pair->after.state != CAPTURE_WAITING)
    assert_int_equal(deadline_ns, 0);
  else if (pair->before.state != CAPTURE_WAITING)
    assert_true(deadline_ns == NOW + INPUT_CAPTURE_WAIT_NS && pair->actions & CAPTURE_LOOK);
  else
    assert_int_equal(deadline_ns, pair->before.deadline_ns); /* it is not put off */
}

#define PAIR_TEST(name)                                                                                                                    \
  static void every_pair_##name(void **state) {                                                                                            \
    (void)state;                                                                                                                           \
    for_each_pair(name);                                                                                                                   \
  }
PAIR_TEST(goes_where_the_table_says)
PAIR_TEST(grabs_only_when_the_keys_are_up)
PAIR_TEST(whoever_leaves_gives_all_back)
PAIR_TEST(waiting_has_an_end)

static void starts_with_nothing(void **state) {
  (void)state;
  struct input_capture capture;
  input_capture_init(&capture);
  assert_int_equal(input_capture_step(&capture, CAPTURE_TOGGLE, NOW), 0);
  assert_int_equal(capture.state, CAPTURE_RELEASED);
  input_capture_step(&capture, CAPTURE_FOCUS, NOW);
  input_capture_step(&capture, CAPTURE_HEARING, NOW);
  assert_int_equal(input_capture_step(&capture, CAPTURE_TOGGLE, NOW), CAPTURE_LOOK);
  assert_string_equal(input_capture_state_name(capture.state), "waiting");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_goes_where_the_table_says),
      cmocka_unit_test(every_pair_grabs_only_when_the_keys_are_up),
      cmocka_unit_test(every_pair_whoever_leaves_gives_all_back),
      cmocka_unit_test(every_pair_waiting_has_an_end),
      cmocka_unit_test(starts_with_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
