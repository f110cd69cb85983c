/* The trace and the figures made of it: what is open when, what is counted, which quantiles are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/thread.h"
#include "host/stats/latency_collector.h"
#include "host/stats/latency_recent.h"

#include <stdlib.h>

#define US UINT64_C(1000)

static struct latency_trace *trace;
static struct latency_figures figures;

static int setup(void **state) {
  (void)state;
  trace = latency_trace_create();
  latency_figures_clear(&figures);
  return trace ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  latency_trace_destroy(trace);
  return 0;
}

static void show(uint64_t sequence) {
  latency_trace_stamp(trace, LATENCY_UPLOAD_STARTED, sequence * 100);
  latency_trace_stamp(trace, LATENCY_UPLOADED, sequence * 100 + 5);
  latency_trace_shown(trace, &(struct latency_frame){.sequence = sequence});
}

static void a_frame_is_finished_when_it_is_presented(void **state) {
  (void)state;
  struct latency_frame frame;
  show(1);
  assert_false(latency_trace_take(trace, &frame));
  latency_trace_presented(trace, 110, 120, LATENCY_SOURCE_CALL, 0);
  latency_trace_presented(trace, 210, 220, LATENCY_SOURCE_CALL, 0); /* the same picture, drawn again */
  assert_true(latency_trace_take(trace, &frame));
  assert_int_equal(frame.sequence, 1);
  assert_int_equal(frame.host_ns[LATENCY_UPLOAD_STARTED], 100);
  assert_int_equal(frame.host_ns[LATENCY_UPLOADED], 105);
  assert_int_equal(frame.host_ns[LATENCY_SUBMITTED], 110);
  assert_int_equal(frame.host_ns[LATENCY_PRESENTED], 120);
  assert_int_equal(frame.source, LATENCY_SOURCE_CALL);
  assert_false(latency_trace_take(trace, &frame));
}

static void a_picture_that_is_replaced_was_missed(void **state) {
  (void)state;
  struct latency_frame frame;
  show(1);
  show(2);
  latency_trace_presented(trace, 210, 220, LATENCY_SOURCE_CALL, 0);
  assert_true(latency_trace_take(trace, &frame));
  assert_int_equal(frame.sequence, 1);
  assert_int_equal(frame.source, LATENCY_SOURCE_NONE);
  assert_int_equal(frame.host_ns[LATENCY_PRESENTED], 0);
  assert_true(latency_trace_take(trace, &frame));
  assert_int_equal(frame.sequence, 2);
}

static void present(uint64_t sequence, uint64_t picture) {
  show(sequence);
  latency_trace_presented(trace, sequence * 100 + 6, sequence * 100 + 7, LATENCY_SOURCE_CALL, picture);
}

static void assert_taken(uint64_t sequence, enum latency_source source, uint64_t presented_ns) {
  struct latency_frame frame;
  assert_true(latency_trace_take(trace, &frame));
  assert_int_equal(frame.sequence, sequence);
  assert_int_equal(frame.source, source);
  assert_int_equal(frame.host_ns[LATENCY_PRESENTED], presented_ns);
  assert_int_equal(frame.host_ns[LATENCY_SUBMITTED], presented_ns ? sequence * 100 + 6 : 0);
}

/* In the order of the frames, whatever the window system leaves out. */
static void what_is_told_later_counts(void **state) {
  (void)state;
  struct latency_frame frame;
  present(1, 11);
  present(2, 12);
  show(3); /* and replaced */
  present(4, 15);
  present(5, 16);
  present(6, 17);
  assert_false(latency_trace_take(trace, &frame));
  assert_true(latency_trace_awaits(trace));
  latency_trace_told(trace, 9, 1); /* nobody waits for it */
  assert_false(latency_trace_take(trace, &frame));
  latency_trace_told(trace, 12, 290); /* and nothing of 11 */
  assert_taken(1, LATENCY_SOURCE_CALL, 107);
  assert_taken(2, LATENCY_SOURCE_FEEDBACK, 290);
  latency_trace_told(trace, 15, 0); /* drawn, and never shown */
  assert_taken(3, LATENCY_SOURCE_NONE, 0);
  assert_taken(4, LATENCY_SOURCE_NONE, 0);
  latency_trace_told(trace, 16, 590);
  assert_taken(5, LATENCY_SOURCE_FEEDBACK, 590);
  latency_trace_told_all(trace);
  assert_taken(6, LATENCY_SOURCE_CALL, 607);
  assert_false(latency_trace_awaits(trace));
  assert_false(latency_trace_take(trace, &frame));
}

static void a_display_that_tells_nothing_holds_up_no_more_than_a_few(void **state) {
  (void)state;
  struct latency_frame frame;
  for (uint64_t i = 1; i <= LATENCY_TRACE_AWAITED + 2; i++)
    present(i, i);
  assert_taken(1, LATENCY_SOURCE_CALL, 107);
  assert_taken(2, LATENCY_SOURCE_CALL, 207);
  assert_false(latency_trace_take(trace, &frame));
}

static void bands_open_a_frame_once_and_a_drop_forgets_it(void **state) {
  (void)state;
  struct latency_frame frame;
  latency_trace_stamp(trace, LATENCY_UPLOAD_STARTED, 10);
  latency_trace_drop(trace);
  latency_trace_stamp(trace, LATENCY_UPLOAD_STARTED, 20);
  latency_trace_stamp(trace, LATENCY_UPLOAD_STARTED, 30);
  latency_trace_stamp(trace, LATENCY_UPLOADED, 40);
  latency_trace_shown(trace, &(struct latency_frame){.sequence = 3});
  latency_trace_presented(trace, 50, 60, LATENCY_SOURCE_HEADLESS, 0);
  assert_true(latency_trace_take(trace, &frame));
  assert_int_equal(frame.host_ns[LATENCY_UPLOAD_STARTED], 20);
}

static void a_full_ring_loses_the_new_and_counts_it(void **state) {
  (void)state;
  struct latency_frame frame;
  for (uint64_t i = 1; i <= LATENCY_TRACE_FRAMES + 3; i++) {
    show(i);
    latency_trace_presented(trace, i * 100 + 6, i * 100 + 7, LATENCY_SOURCE_CALL, 0);
  }
  assert_int_equal(latency_trace_lost(trace), 3);
  for (uint64_t i = 1; i <= LATENCY_TRACE_FRAMES; i++) {
    assert_true(latency_trace_take(trace, &frame));
    assert_int_equal(frame.sequence, i);
  }
  assert_false(latency_trace_take(trace, &frame));
}

#define THREADED_FRAMES UINT64_C(20000)

static void stamp_many(void *user_data) {
  (void)user_data;
  for (uint64_t i = 1; i <= THREADED_FRAMES; i++) {
    show(i);
    latency_trace_presented(trace, i * 100 + 6, i * 100 + 7, LATENCY_SOURCE_CALL, 0);
  }
}

/* Whole frames, in order, none twice: lost and taken make all. */
static void two_threads_share_a_trace(void **state) {
  (void)state;
  struct latency_frame frame;
  uint64_t taken = 0, last = 0;
  struct thread *writer = thread_create("writer", stamp_many, NULL);
  assert_non_null(writer);
  while (taken + latency_trace_lost(trace) < THREADED_FRAMES) {
    if (!latency_trace_take(trace, &frame))
      continue;
    taken++;
    assert_true(frame.sequence > last);
    assert_int_equal(frame.host_ns[LATENCY_PRESENTED], frame.sequence * 100 + 7);
    assert_int_equal(frame.host_ns[LATENCY_UPLOADED], frame.sequence * 100 + 5);
    last = frame.sequence;
  }
  thread_join(writer);
  assert_false(latency_trace_take(trace, &frame));
}

static void no_trace_is_fine(void **state) {
  (void)state;
  latency_trace_stamp(NULL, LATENCY_UPLOADED, 1);
  latency_trace_drop(NULL);
  latency_trace_shown(NULL, NULL);
  latency_trace_presented(NULL, 1, 2, LATENCY_SOURCE_CALL, 1);
  latency_trace_told(NULL, 1, 2);
  latency_trace_told_all(NULL);
  assert_false(latency_trace_awaits(NULL));
}

/* ---- figures ---- */

static struct latency_record record_of(uint64_t complete_ns, uint64_t bound_ns, uint64_t seen_ns, uint64_t presented_ns) {
  return (struct latency_record){.frame = {.guest_ns = {complete_ns, complete_ns, complete_ns, complete_ns},
                                           .host_ns = {seen_ns, seen_ns, seen_ns, seen_ns, presented_ns},
                                           .source = LATENCY_SOURCE_CALL},
                                 .clock = LATENCY_CLOCK_KNOWN,
                                 .converted_ns = {complete_ns, complete_ns, complete_ns, complete_ns},
                                 .bound_ns = {bound_ns, bound_ns, bound_ns, bound_ns}};
}

static void overlaps_are_the_least_values(void **state) {
  (void)state;
  const int64_t us[] = {-300, -10, 20, 1000};
  for (size_t i = 0; i < 4; i++) {
    struct latency_record record = record_of(10000 * US, 0, 10000 * US + (uint64_t)us[i] * US, 20000 * US);
    record.frame.banded = true;
    latency_figures_add(&figures, &record);
  }
  const struct latency_distribution *notice = &figures.spans[LATENCY_SPAN_NOTICE];
  const uint32_t per_mille[] = {250, 500, 750, 1000};
  assert_int_equal(latency_distribution_count(notice), 4);
  for (size_t i = 0; i < 4; i++) {
    int64_t ns = latency_distribution_quantile(notice, per_mille[i]).ns;
    assert_true(llabs(ns - us[i] * 1000) <= llabs(us[i] * 1000) / 100);
  }
}

static void a_quantile_needs_a_bound_of_a_tenth(void **state) {
  (void)state;
  struct latency_record near = record_of(10000 * US, 20 * US, 10100 * US, 10200 * US);
  struct latency_record far = record_of(10000 * US, 10 * US, 10400 * US, 12000 * US);
  for (unsigned i = 0; i < 99; i++)
    latency_figures_add(&figures, &near);
  latency_figures_add(&figures, &far);
  const struct latency_distribution *whole = &figures.spans[LATENCY_SPAN_WHOLE], *notice = &figures.spans[LATENCY_SPAN_NOTICE];
  assert_true(latency_distribution_quantile(notice, 500).refused); /* 100 us, known to 20 */
  assert_false(latency_distribution_quantile(notice, 1000).refused);
  assert_false(latency_distribution_quantile(whole, 500).refused);                /* 200 us, known to 20 */
  assert_int_equal(latency_distribution_quantile(whole, 1000).bound_ns, 20 * US); /* the worst of all: any of them may be the one */
  assert_false(latency_distribution_quantile(&figures.spans[LATENCY_SPAN_WAIT], 500).refused); /* one clock */
}

static void what_is_not_known_is_not_counted(void **state) {
  (void)state;
  struct latency_record record = record_of(10000 * US, 0, 10100 * US, 10200 * US);
  record.clock = LATENCY_CLOCK_UNKNOWN;
  latency_figures_add(&figures, &record);
  record.clock = LATENCY_CLOCK_KNOWN;
  record.frame.first = true;
  latency_figures_add(&figures, &record);
  record = record_of(UINT64_MAX / 2, 0, 10100 * US, 10200 * US); /* a guest that lies */
  record.frame.guest_ns[LATENCY_ACQUIRED] = 1;
  latency_figures_add(&figures, &record);
  assert_int_equal(figures.frames, 3);
  assert_int_equal(latency_distribution_count(&figures.spans[LATENCY_SPAN_NOTICE]), 0);
  assert_int_equal(figures.spans[LATENCY_SPAN_NOTICE].overlap.count, 0);
  assert_int_equal(figures.clocks[LATENCY_CLOCK_UNKNOWN], 1);
}

/* Complete after the news: the news was of the frame before, and this one was seen when it was acquired. */
static void news_of_an_older_frame_is_no_overlap(void **state) {
  (void)state;
  struct latency_record record = record_of(10000 * US, 0, 9990 * US, 10200 * US);
  record.frame.host_ns[LATENCY_UPLOAD_STARTED] = 10003 * US;
  int64_t ns;
  uint64_t bound_ns;
  assert_true(latency_record_span(&record, LATENCY_SPAN_NOTICE, &ns, &bound_ns));
  assert_int_equal(ns, 3 * US);
  record.frame.banded = true;
  assert_true(latency_record_span(&record, LATENCY_SPAN_NOTICE, &ns, &bound_ns));
  assert_int_equal(ns, -10 * (int64_t)US);
}

/* A collector that never hears of a clock gives up on the oldest, not on all. */
static void frames_wait_for_a_clock_in_bounded_number(void **state) {
  (void)state;
  struct latency_collector *collector = latency_collector_create(&(struct latency_collector_options){0});
  assert_non_null(collector);
  struct latency_frame frame = {.guest_ns = {1, 2, 3, 4}, .host_ns = {5, 6, 7, 8, 9}, .source = LATENCY_SOURCE_CALL};
  for (unsigned i = 0; i < LATENCY_COLLECTOR_WAITING + 7; i++)
    latency_collector_frame(collector, &frame);
  latency_collector_step(collector, trace);
  assert_int_equal(latency_collector_figures(collector)->frames, 7);
  assert_int_equal(latency_collector_figures(collector)->clocks[LATENCY_CLOCK_WAITING], 7);
  latency_collector_finish(collector);
  assert_int_equal(latency_collector_figures(collector)->frames, LATENCY_COLLECTOR_WAITING + 7);
  latency_collector_destroy(collector);
}

/* ---- graphs ---- */

#define TENTH LATENCY_RECENT_COLUMN_NS

static void add_recent(struct latency_recent *recent, uint64_t presented_ns, uint64_t took_ns, bool is_missed) {
  struct latency_frame frame = {.host_ns = {presented_ns - took_ns, presented_ns - took_ns, presented_ns, presented_ns, presented_ns},
                                .source = is_missed ? LATENCY_SOURCE_NONE : LATENCY_SOURCE_CALL,
                                .skipped = is_missed};
  latency_recent_add(recent, &frame);
}

static void a_graph_shows_the_last_seconds(void **state) {
  (void)state;
  static struct latency_recent recent;
  struct latency_graph graph;
  add_recent(&recent, 1000 * TENTH, 9 * US, false); /* too old for the graph below */
  for (unsigned i = 1; i <= 100; i++)
    add_recent(&recent, 1060 * TENTH + i, i * US, false);
  add_recent(&recent, 1061 * TENTH, 5 * US, true);
  add_recent(&recent, 1010 * TENTH, 5 * US, false); /* its column belongs to 1060 by now: it comes too late */
  latency_recent_graph(&recent, 1061 * TENTH + 1, &graph);
  assert_int_equal(graph.presented, 100);
  assert_int_equal(graph.missed, 1);
  assert_int_equal(graph.skipped, 1);
  assert_int_equal(graph.p50_ns, 50 * US);
  assert_int_equal(graph.p99_ns, 99 * US);
  assert_int_equal(graph.parts_p50_ns[1], 50 * US);
  assert_int_equal(graph.parts_p99_ns[1], 99 * US);
  assert_int_equal(graph.parts_p99_ns[0] + graph.parts_p99_ns[2] + graph.parts_p99_ns[3], 0);
  const uint32_t last = LATENCY_RECENT_COLUMNS - 1;
  assert_int_equal(graph.columns[last].missed, 1);
  assert_int_equal(graph.columns[last - 1].presented, 100);
  assert_int_equal(graph.columns[last - 1].parts_ns[1], 50500); /* the mean, all of it the upload */
  assert_int_equal(graph.highest_ns, 50500);
  latency_recent_graph(&recent, 1061 * TENTH + LATENCY_RECENT_COLUMNS * TENTH, &graph);
  assert_int_equal(graph.presented + graph.missed, 0);
  assert_int_equal(graph.p99_ns, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_frame_is_finished_when_it_is_presented),
      TEST(a_picture_that_is_replaced_was_missed),
      TEST(what_is_told_later_counts),
      TEST(a_display_that_tells_nothing_holds_up_no_more_than_a_few),
      TEST(bands_open_a_frame_once_and_a_drop_forgets_it),
      TEST(a_full_ring_loses_the_new_and_counts_it),
      TEST(two_threads_share_a_trace),
      TEST(no_trace_is_fine),
      TEST(overlaps_are_the_least_values),
      TEST(a_quantile_needs_a_bound_of_a_tenth),
      TEST(what_is_not_known_is_not_counted),
      TEST(news_of_an_older_frame_is_no_overlap),
      TEST(frames_wait_for_a_clock_in_bounded_number),
      TEST(a_graph_shows_the_last_seconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
