#include "guest/core/poll_pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static void backs_off_in_steps(void **state) {
  (void)state;
  struct poll_pacer pacer;
  poll_pacer_init(&pacer, 0);
  pacer.period_ns = 10 * MS;
  poll_pacer_watched(&pacer, true, 1000 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 1000 * MS), 10 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 2999 * MS), 10 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 3000 * MS), 100 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 10999 * MS), 100 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 11000 * MS), 250 * MS);
  assert_int_equal(poll_pacer_talk_ns(&pacer, 11000 * MS), 250 * MS);
  poll_pacer_changed(&pacer, 11000 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 12000 * MS), 10 * MS);
}

static void is_slow_when_nobody_watches(void **state) {
  (void)state;
  struct poll_pacer pacer;
  poll_pacer_init(&pacer, 0);
  poll_pacer_changed(&pacer, 5 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 6 * MS), 1000 * MS);
  assert_int_equal(poll_pacer_talk_ns(&pacer, 6 * MS), 250 * MS);
  poll_pacer_watched(&pacer, true, 60000 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 60000 * MS), pacer.period_ns);
  poll_pacer_watched(&pacer, true, 62000 * MS); /* staying is no joining */
  assert_int_equal(poll_pacer_screen_ns(&pacer, 62000 * MS), 100 * MS);
}

static void listens_closely_while_somebody_talks(void **state) {
  (void)state;
  struct poll_pacer pacer;
  poll_pacer_init(&pacer, 0);
  poll_pacer_talked(&pacer, 100 * MS);
  assert_int_equal(poll_pacer_talk_ns(&pacer, 149 * MS), MS);
  assert_int_equal(poll_pacer_talk_ns(&pacer, 150 * MS), 250 * MS);
  assert_int_equal(poll_pacer_screen_ns(&pacer, 149 * MS), 1000 * MS);
}

static void follows_the_cursor_while_something_happens(void **state) {
  (void)state;
  struct poll_pacer pacer;
  poll_pacer_init(&pacer, 0);
  assert_int_equal(poll_pacer_cursor_ns(&pacer, 1), 1000 * MS); /* nobody watches */
  poll_pacer_watched(&pacer, true, 5 * MS);
  assert_int_equal(poll_pacer_cursor_ns(&pacer, 5 * MS), 4 * MS);
  assert_int_equal(poll_pacer_cursor_ns(&pacer, 2005 * MS), 100 * MS);
  assert_int_equal(poll_pacer_cursor_ns(&pacer, 10005 * MS), 250 * MS);
  pacer.period_ns = 2 * MS; /* a 500 Hz display: not slower than the screen */
  assert_int_equal(poll_pacer_cursor_ns(&pacer, 6 * MS), 2 * MS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(backs_off_in_steps),
      cmocka_unit_test(is_slow_when_nobody_watches),
      cmocka_unit_test(listens_closely_while_somebody_talks),
      cmocka_unit_test(follows_the_cursor_while_something_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
