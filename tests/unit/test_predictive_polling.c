/* host/app/poll_pacer.c against guests that are made up: a loop that looks, sleeps and wakes a little late, on a clock of its own. */
#include "common/histogram.h"
#include "host/app/poll_pacer.h"
#include "support/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define WAKE_NS (20 * US) /* what a timer's wake-up costs */

struct guest {
  uint64_t period_ns, jitter_ns; /* published at each period, up to so much later */
  uint64_t tick_ns, next_ns;
};

struct consumer {
  struct poll_pacer pacer;
  struct guest guest;
  struct test_random random;
  uint64_t now_ns, busy_ns; /* busy: what it does with each frame */
  uint64_t looks, frames;
  struct histogram latency;
};

static void plan(struct consumer *c) {
  struct guest *guest = &c->guest;
  guest->next_ns = guest->tick_ns + (guest->jitter_ns ? test_random_below(&c->random, (uint32_t)guest->jitter_ns) : 0);
  guest->tick_ns += guest->period_ns;
}

static void set_rate(struct consumer *c, uint64_t period_ns, uint64_t jitter_ns) {
  c->guest = (struct guest){.period_ns = period_ns, .jitter_ns = jitter_ns, .tick_ns = c->now_ns + 3 * MS};
  plan(c);
}

static void set_up(struct consumer *c) {
  *c = (struct consumer){.random.state = 11, .now_ns = 1000 * S};
  poll_pacer_init(&c->pacer);
}

/* One look, and the sleep after it. A guest that went on meanwhile has only its newest frame to show. */
static void look(struct consumer *c) {
  uint64_t complete_ns = 0;
  c->looks++;
  for (; c->guest.period_ns && c->guest.next_ns <= c->now_ns; plan(c))
    complete_ns = c->guest.next_ns;
  if (complete_ns) {
    histogram_add(&c->latency, c->now_ns - complete_ns);
    c->frames++;
    poll_pacer_news(&c->pacer, c->now_ns);
    c->now_ns += c->busy_ns + US;
    return;
  }
  uint64_t sleep_ns = poll_pacer_sleep_ns(&c->pacer, c->now_ns);
  assert_in_range(sleep_ns, POLL_PACER_CLOSE_NS, POLL_PACER_REST_NS);
  c->now_ns += sleep_ns + WAKE_NS;
}

static void run(struct consumer *c, uint64_t for_ns) {
  uint64_t until_ns = c->now_ns + for_ns;
  histogram_clear(&c->latency);
  c->looks = c->frames = 0;
  while (c->now_ns < until_ns)
    look(c);
}

static void learned(struct consumer *c, uint64_t period_ns) {
  assert_in_range(c->pacer.period_ns, period_ns - period_ns / 100, period_ns + period_ns / 100);
}

static void a_steady_guest_is_met(void **state) {
  static const uint64_t rates[] = {30, 60, 144, 240};
  (void)state;
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    static struct consumer c;
    set_up(&c);
    set_rate(&c, S / rates[i], 20 * US);
    run(&c, S); /* learns */
    run(&c, 10 * S);
    learned(&c, S / rates[i]);
    assert_in_range(c.frames, rates[i] * 10 - 1, rates[i] * 10 + 1);
    assert_in_range(histogram_quantile(&c.latency, 500), 0, POLL_PACER_CLOSE_NS + WAKE_NS);
    assert_in_range(histogram_quantile(&c.latency, 990), 0, 2 * (POLL_PACER_CLOSE_NS + WAKE_NS));
    assert_in_range(c.looks, c.frames, c.frames * 8);
  }
}

static void it_begins_within_frames(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  set_rate(&c, S / 60, 20 * US);
  run(&c, 500 * MS);
  run(&c, 500 * MS);
  assert_in_range(c.latency.maximum, 0, MS);
  learned(&c, S / 60);
}

static void jitter_widens_the_watch(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  set_rate(&c, S / 60, 4 * MS);
  run(&c, S);
  run(&c, 20 * S);
  assert_in_range(histogram_quantile(&c.latency, 500), 0, 500 * US);
  assert_in_range(histogram_quantile(&c.latency, 990), 0, 2 * MS);
  assert_in_range(c.looks, 0, c.frames * (POLL_PACER_LOOKS_MAX + 2));
  set_rate(&c, S / 60, 20 * US); /* and it becomes narrow again */
  run(&c, S);
  run(&c, 10 * S);
  assert_in_range(c.looks, 0, c.frames * 8);
  assert_in_range(histogram_quantile(&c.latency, 500), 0, POLL_PACER_CLOSE_NS + WAKE_NS);
}

static void another_rate_is_taken(void **state) {
  static const uint64_t rates[] = {60, 144, 30, 120, 60, 240, 24, 75};
  static struct consumer c;
  (void)state;
  set_up(&c);
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    set_rate(&c, S / rates[i], 20 * US);
    run(&c, S);
    run(&c, 2 * S);
    learned(&c, S / rates[i]);
    assert_in_range(histogram_quantile(&c.latency, 500), 0, POLL_PACER_CLOSE_NS + WAKE_NS);
  }
}

static void a_guest_at_rest_costs_little(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  run(&c, 10 * S); /* never a frame */
  assert_in_range(c.looks, 900, 1001);
  set_rate(&c, S / 60, 20 * US);
  run(&c, 3 * S);
  c.guest.period_ns = 0;
  run(&c, 100 * MS); /* the frames that are still expected */
  assert_in_range(c.looks, 10, POLL_PACER_LOOKS_MAX * POLL_PACER_MISSES_MAX);
  run(&c, 10 * S);
  assert_in_range(c.looks, 900, 1001);
}

/* A cursor that blinks: no rhythm worth a look. */
static void slow_news_are_no_rhythm(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  set_rate(&c, S / 2, 0);
  run(&c, 20 * S);
  assert_int_equal(c.frames, 40);
  assert_in_range(c.looks, 1800, 2100);
  assert_in_range(c.latency.maximum, 0, POLL_PACER_REST_NS + WAKE_NS);
}

static void a_busy_consumer_keeps_the_rhythm(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  c.busy_ns = 9 * MS;
  set_rate(&c, S / 60, 20 * US);
  run(&c, S);
  run(&c, 5 * S);
  assert_in_range(histogram_quantile(&c.latency, 990), 0, 2 * (POLL_PACER_CLOSE_NS + WAKE_NS));
  c.busy_ns = 40 * MS; /* slower than the guest: there is always something newer, and no sleep between */
  run(&c, 5 * S);
  assert_in_range(c.looks, c.frames, c.frames * 3);
}

/* Nothing that a guest can do makes a sleep shorter or longer than stated. */
static void no_order_of_news_breaks_the_bounds(void **state) {
  static struct consumer c;
  (void)state;
  set_up(&c);
  for (int i = 0; i < 3000; i++) {
    uint64_t period_ns = 1 + test_random_below(&c.random, 1u << (4 + test_random_below(&c.random, 25)));
    set_rate(&c, period_ns, test_random_below(&c.random, 1000000));
    run(&c, period_ns * test_random_below(&c.random, 8) + MS);
    assert_in_range(c.latency.count ? c.latency.maximum : 0, 0, POLL_PACER_REST_NS + WAKE_NS + MS);
    if (test_random_one_in(&c.random, 10))
      poll_pacer_news(&c.pacer, test_random_next(&c.random)); /* a clock that jumps */
    if (test_random_one_in(&c.random, 10))
      assert_in_range(poll_pacer_sleep_ns(&c.pacer, test_random_next(&c.random) >> 1), POLL_PACER_CLOSE_NS, POLL_PACER_REST_NS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_steady_guest_is_met),
      cmocka_unit_test(it_begins_within_frames),
      cmocka_unit_test(jitter_widens_the_watch),
      cmocka_unit_test(another_rate_is_taken),
      cmocka_unit_test(a_guest_at_rest_costs_little),
      cmocka_unit_test(slow_news_are_no_rhythm),
      cmocka_unit_test(a_busy_consumer_keeps_the_rhythm),
      cmocka_unit_test(no_order_of_news_breaks_the_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
