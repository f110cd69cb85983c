/* Why a figure is not shown: each cause has a reason of its own, made by the frames and exchanges that bring it about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/stats/latency_report.h"

#define S UINT64_C(1000000000)
#define US UINT64_C(1000)
#define OFFSET_NS (7 * S)

struct run {
  struct latency_collector *collector;
  uint64_t sequence;
};

static int begin(void **state) {
  static struct run run;
  run = (struct run){.collector = latency_collector_create(&(struct latency_collector_options){0})};
  *state = &run;
  return run.collector ? 0 : -1;
}

static int end(void **state) {
  latency_collector_destroy(((struct run *)*state)->collector);
  return 0;
}

/* A round trip of 2 us, of a guest that is `offset_ns` ahead. */
static void exchange(struct run *run, uint64_t ns, uint64_t offset_ns) {
  latency_collector_exchange(run->collector, &(struct clock_exchange){ns, ns + 2 * US, ns + US + offset_ns, ns + US + offset_ns});
}

static void exchanges(struct run *run, uint64_t from_ns, uint64_t to_ns, uint64_t offset_ns) {
  for (uint64_t ns = from_ns; ns < to_ns; ns += S / 5)
    exchange(run, ns, offset_ns);
}

/* Complete at `ns`, 300 us before it was seen. */
static void frame(struct run *run, uint64_t ns) {
  uint64_t guest_ns = ns + OFFSET_NS, seen_ns = ns + 300 * US;
  latency_collector_frame(run->collector, &(struct latency_frame){.sequence = ++run->sequence,
                                                                  .guest_ns = {guest_ns - 3000, guest_ns - 2000, guest_ns - 1000, guest_ns},
                                                                  .host_ns = {seen_ns, seen_ns + 1, seen_ns + 2, seen_ns + 3, seen_ns + 4},
                                                                  .source = LATENCY_SOURCE_CALL,
                                                                  .first = run->sequence == 1});
}

static void assert_reason(struct run *run, enum latency_span span, const char *reason) {
  struct latency_row row;
  latency_collector_finish(run->collector);
  struct latency_report report = {.figures = latency_collector_figures(run->collector),
                                  .mapping = latency_collector_mapping(run->collector)};
  latency_report_row(&report, span, &row);
  assert_string_equal(row.refused ? row.refused : "", reason);
}

static void nothing_came(void **state) { assert_reason(*state, LATENCY_SPAN_NOTICE, "no frame came"); }

static void only_the_first_frame(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  frame(*state, 15 * S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "a session's first frame was there before us");
}

static void frames(struct run *run, uint64_t ns) {
  for (unsigned i = 0; i < 3; i++)
    frame(run, ns + i * 16 * 1000 * US);
}

static void no_exchange(void **state) {
  frames(*state, 15 * S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "the guest answered no clock exchange");
}

static void far_from_any_exchange(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  exchanges(*state, 40 * S, 45 * S, OFFSET_NS);
  frames(*state, 30 * S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "the nearest clock exchange is older than 5 s");
  assert_int_equal(latency_collector_figures(((struct run *)*state)->collector)->clocks[LATENCY_CLOCK_FAR], 3);
}

static void within_five_seconds(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  exchanges(*state, 28 * S, 40 * S, OFFSET_NS);
  frames(*state, 24 * S - 100 * 1000 * US);
  assert_reason(*state, LATENCY_SPAN_NOTICE, ""); /* four seconds at 2 ppm are 8 us, of 300 */
}

static void across_a_step(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  frames(*state, 20 * S);
  exchanges(*state, 20 * S + S / 2, 30 * S, OFFSET_NS + S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "the clock exchanges around these frames do not agree, or there is none before them");
}

static void before_the_first_exchange(void **state) {
  frames(*state, 5 * S);
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "the clock exchanges around these frames do not agree, or there is none before them");
}

static void nothing_after_them(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  frames(*state, 21 * S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "no clock exchange came after these frames");
}

static void a_good_relation(void **state) {
  exchanges(*state, 10 * S, 20 * S, OFFSET_NS);
  frames(*state, 15 * S);
  assert_reason(*state, LATENCY_SPAN_NOTICE, "");
  assert_reason(*state, LATENCY_SPAN_WAIT, "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
      TEST(nothing_came),
      TEST(only_the_first_frame),
      TEST(no_exchange),
      TEST(far_from_any_exchange),
      TEST(within_five_seconds),
      TEST(across_a_step),
      TEST(before_the_first_exchange),
      TEST(nothing_after_them),
      TEST(a_good_relation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
