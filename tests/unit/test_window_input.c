/* Window events to input reports, the window as a source, and the mailbox between the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/input_mailbox.h"
#include "host/app/watchdog.h"
#include "host/app/window_input.h"
#include "host/app/window_source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define KEY(code, is_down, is_repeat) (&(struct window_event){.kind = WINDOW_KEY, .scancode = code, .down = is_down, .repeat = is_repeat})
#define BUTTON(number, is_down) (&(struct window_event){.kind = WINDOW_BUTTON, .button = number, .down = is_down})
#define WHEEL(right, up) (&(struct window_event){.kind = WINDOW_WHEEL, .wheel_x = right, .wheel_y = up})

static struct window_input input;
static struct window_source source;
static char told[4096]; /* "7:4+ x100 x=200 " */

static void write_down(const struct input_event *events, size_t count, void *user_data) {
  (void)user_data;
  for (size_t i = 0; i < count; i++) {
    const struct input_event *event = &events[i];
    char *end = told + strlen(told);
    size_t room = sizeof told - strlen(told);
    if (event->page == INPUT_PAGE_DESKTOP || event->usage == INPUT_USAGE_AC_PAN)
      snprintf(end, room, "%x%s%d ", event->usage, event->absolute ? "=" : ":", event->value);
    else
      snprintf(end, room, "%x:%x%c ", event->page, event->usage, event->value ? '+' : '-');
  }
}

static void feed(const struct window_event *event, const struct picture_layout *layout) {
  struct input_event report[WINDOW_INPUT_EVENTS_MAX];
  window_source_report(&source, report, window_input_translate(&input, event, layout, report));
}

static int set_up(void **state) {
  static const struct input_source_events events = {.report = write_down};
  (void)state;
  input = (struct window_input){0};
  window_source_init(&source);
  source.base.events = &events;
  told[0] = 0;
  return 0;
}

static void keys_are_usages_and_repeats_are_dropped(void **state) {
  (void)state;
  feed(KEY(4, true, false), NULL);
  feed(KEY(4, true, true), NULL);
  feed(KEY(4, true, false), NULL);
  feed(KEY(4, false, false), NULL);
  feed(KEY(4, false, false), NULL); /* pressed before we had the focus */
  feed(KEY(0xe7, true, false), NULL);
  feed(KEY(261, true, false), NULL);
  feed(KEY(0, true, false), NULL); /* SDL does not know the key */
  feed(KEY(300, true, false), NULL);
  feed(KEY(0xffffffff, true, false), NULL);
  assert_string_equal(told, "7:4+ 7:4- 7:e7+ c:cd+ ");
}

static void what_is_down_is_known_and_forgotten(void **state) {
  (void)state;
  assert_false(source.base.impl->any_down(&source.base));
  feed(KEY(4, true, false), NULL);
  feed(BUTTON(1, true), NULL);
  feed(KEY(4, false, false), NULL);
  assert_true(source.base.impl->any_down(&source.base));
  window_source_forget(&source);
  assert_false(source.base.impl->any_down(&source.base));
  feed(BUTTON(1, false), NULL);
  assert_string_equal(told, "7:4+ 9:1+ 7:4- ");
}

static void clicks_carry_their_place(void **state) {
  (void)state;
  struct picture_layout layout = picture_layout_fit(32768, 32768, 32768, 32768, 0);
  struct window_event event = {.kind = WINDOW_BUTTON, .button = 3, .down = true, .x = 100, .y = 200};
  feed(&event, &layout);
  for (uint32_t number = 0; number < 8; number++)
    feed(BUTTON(number, true), NULL);
  assert_string_equal(told, "30=100 31=200 9:2+ 9:1+ 9:3+ 9:4+ 9:5+ ");
}

static void motion_is_told_both_ways(void **state) {
  (void)state;
  struct picture_layout layout = picture_layout_fit(32768, 32768, 32768, 32768, 0);
  struct window_event event = {.kind = WINDOW_MOTION, .x = 5, .y = 6, .dx = -3, .dy = 4};
  feed(&event, NULL); /* no picture, no place */
  assert_string_equal(told, "30:-3 31:4 ");
  told[0] = 0;
  event.dx = 0;
  feed(&event, &layout);
  assert_string_equal(told, "30=5 31=6 31:4 ");
}

static void wheel_keeps_fractions(void **state) {
  (void)state;
  feed(WHEEL(0, 1), NULL);
  feed(WHEEL(-1, 0), NULL);
  assert_string_equal(told, "38:120 238:-120 ");
  told[0] = 0;
  for (int i = 0; i < 400; i++) /* a slow touchpad: a four hundredth of a notch each */
    feed(WHEEL(0, -0.0025f), NULL);
  int steps = 0;
  for (const char *at = told; (at = strstr(at, "38:-1 ")); at++)
    steps++;
  assert_in_range(steps, 119, 120);
}

/* ---- the mailbox ---- */

static struct { atomic_uint events, reports, steps, losses; } counted;

static void count_report(const struct input_event *events, size_t count, void *user_data) {
  write_down(events, count, user_data);
  atomic_fetch_add(&counted.reports, 1);
  atomic_fetch_add(&counted.events, (unsigned)count);
}

static void count_step(enum capture_event event, int note, uint64_t time_ns, void *user_data) {
  (void)user_data;
  atomic_fetch_add(&counted.steps, 1);
  snprintf(told + strlen(told), sizeof told - strlen(told), "(%d %d %d) ", (int)event, note, (int)time_ns);
}

static void count_loss(void *user_data) {
  (void)user_data;
  atomic_fetch_add(&counted.losses, 1);
}

static const struct input_mailbox_readers readers = {count_report, count_step, count_loss};

static int set_up_mailbox(void **state) {
  *state = input_mailbox_create();
  atomic_store(&counted.events, 0);
  atomic_store(&counted.reports, 0);
  atomic_store(&counted.steps, 0);
  atomic_store(&counted.losses, 0);
  told[0] = 0;
  return *state ? 0 : -1;
}

static int tear_down_mailbox(void **state) {
  input_mailbox_destroy(*state);
  return 0;
}

static void mailbox_keeps_order_and_reports_whole(void **state) {
  char expected[64];
  const struct input_event report[] = {{.page = 7, .usage = 4, .value = 1}, {.page = 9, .usage = 1, .value = 1}};
  assert_true(input_mailbox_report(*state, report, 2));
  assert_true(input_mailbox_step(*state, CAPTURE_LEAVE, 3, 5));
  assert_true(input_mailbox_report(*state, report, 1));
  assert_string_equal(told, "");
  input_mailbox_drain(*state, &readers, NULL);
  input_mailbox_drain(*state, &readers, NULL);
  snprintf(expected, sizeof expected, "7:4+ 9:1+ (%d 3 5) 7:4+ ", (int)CAPTURE_LEAVE);
  assert_string_equal(told, expected);
  assert_int_equal(counted.reports, 2);
  assert_int_equal(counted.losses, 0);
}

static void mailbox_says_once_that_it_lost(void **state) {
  const struct input_event report[] = {{.page = 8}, {.page = 8}, {.page = 8}};
  unsigned taken = 0;
  for (int i = 0; i < 5000; i++)
    taken += input_mailbox_report(*state, report, 3);
  assert_in_range(taken, 1, 4999);
  input_mailbox_drain(*state, &readers, NULL);
  assert_int_equal(counted.reports, taken);
  assert_int_equal(counted.losses, 1);
  assert_true(input_mailbox_report(*state, report, 3));
  input_mailbox_drain(*state, &readers, NULL);
  assert_int_equal(counted.reports, taken + 1);
  assert_int_equal(counted.losses, 1);
}

static atomic_bool pushing;
static atomic_uint accepted;

static void *push_many(void *mailbox) {
  const struct input_event report[] = {{.page = 8}, {.page = 8}, {.page = 8}};
  for (unsigned i = 0; i < 100000; i++)
    atomic_fetch_add(&accepted, input_mailbox_report(mailbox, report, 1 + i % 3) ? 1 + i % 3 : 0);
  atomic_store(&pushing, false);
  return NULL;
}

static void count_quietly(const struct input_event *events, size_t count, void *user_data) {
  (void)events, (void)user_data;
  atomic_fetch_add(&counted.events, (unsigned)count);
}

static void two_threads_lose_nothing_unsaid(void **state) {
  static const struct input_mailbox_readers quiet = {count_quietly, count_step, count_loss};
  pthread_t thread;
  atomic_store(&accepted, 0);
  atomic_store(&pushing, true);
  assert_int_equal(pthread_create(&thread, NULL, push_many, *state), 0);
  while (atomic_load(&pushing))
    input_mailbox_drain(*state, &quiet, NULL);
  pthread_join(thread, NULL);
  input_mailbox_drain(*state, &quiet, NULL);
  assert_int_equal(atomic_load(&counted.events), atomic_load(&accepted));
  assert_true(atomic_load(&accepted) == 199999 || atomic_load(&counted.losses) > 0);
}

/* ---- the watchdog ---- */

#define S UINT64_C(1000000000)

static void watchdog_barks_after_three_seconds_of_silence(void **state) {
  (void)state;
  struct watchdog watchdog = {0};
  assert_int_equal(watchdog_look(&watchdog, 100 * S), WATCHDOG_WELL); /* nobody is watched */
  watchdog_start(&watchdog, false, 100 * S);
  assert_int_equal(watchdog_look(&watchdog, 103 * S - 1), WATCHDOG_WELL);
  assert_int_equal(watchdog_look(&watchdog, 103 * S), WATCHDOG_RELEASE);
  watchdog_heard(&watchdog, 102 * S, true);
  assert_int_equal(watchdog_look(&watchdog, 104 * S), WATCHDOG_WELL);
  assert_int_equal(watchdog_look(&watchdog, 999 * S), WATCHDOG_RELEASE); /* devices: our own to give back, so we live on */
  watchdog_heard(&watchdog, 1000 * S, false);
  assert_int_equal(watchdog_look(&watchdog, 2000 * S), WATCHDOG_WELL);
}

static void watchdog_bites_when_the_window_holds_the_grab(void **state) {
  (void)state;
  struct watchdog watchdog;
  watchdog_start(&watchdog, true, 100 * S);
  assert_int_equal(watchdog_look(&watchdog, 110 * S - 1), WATCHDOG_RELEASE);
  assert_int_equal(watchdog_look(&watchdog, 110 * S), WATCHDOG_END);
}

int main(void) {
#define MAILBOX_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_mailbox, tear_down_mailbox)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(keys_are_usages_and_repeats_are_dropped, set_up),
      cmocka_unit_test_setup(what_is_down_is_known_and_forgotten, set_up),
      cmocka_unit_test_setup(clicks_carry_their_place, set_up),
      cmocka_unit_test_setup(motion_is_told_both_ways, set_up),
      cmocka_unit_test_setup(wheel_keeps_fractions, set_up),
      MAILBOX_TEST(mailbox_keeps_order_and_reports_whole),
      MAILBOX_TEST(mailbox_says_once_that_it_lost),
      MAILBOX_TEST(two_threads_lose_nothing_unsaid),
      cmocka_unit_test(watchdog_barks_after_three_seconds_of_silence),
      cmocka_unit_test(watchdog_bites_when_the_window_holds_the_grab),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
