/* Clock exchange: asked, answered once, stale and dishonest replies. */
#include "protocol/clock_cell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH UINT64_C(0xe90c)
#define LINE 3u

struct fixture {
  struct transom_header header;
  struct transom_host_area host;
  struct transom_clock_reply replies[TRANSOM_CONSUMERS_MAX];
  struct transom_region region;
  struct transom_consumer consumer;
  uint64_t last[TRANSOM_CONSUMERS_MAX];
};

static uint64_t guest_ns;
static uint64_t guest_clock(void) { return guest_ns += 10; }

static uint64_t host_ns;
static uint64_t host_clock(void) { return host_ns; }

static int answer_at(struct transom_consumer *consumer, uint64_t sequence, uint64_t t1_ns, uint64_t t4_ns,
                     struct transom_clock_sample *sample) {
  host_ns = t4_ns;
  return clock_cell_answer(consumer, sequence, t1_ns, host_clock, sample);
}

static int set_up(void **state) {
  struct fixture *f = NULL;
  assert_int_equal(posix_memalign((void **)&f, 64, sizeof(*f)), 0);
  memset(f, 0, sizeof(*f));
  f->header.magic = TRANSOM_MAGIC;
  f->header.epoch = EPOCH;
  f->region = (struct transom_region){
      .base = (volatile uint8_t *)&f->header, .epoch = EPOCH, .header = &f->header, .host = &f->host, .clock_replies = f->replies};
  f->consumer = (struct transom_consumer){.region = &f->region, .line = &f->host.consumers[LINE], .index = LINE};
  f->host.consumers[LINE].epoch = EPOCH;
  guest_ns = 1000;
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  free(*state);
  return 0;
}

static void test_exchange(void **state) {
  struct fixture *f = *state;
  struct transom_clock_sample sample;
  assert_int_equal(clock_cell_ask(&f->consumer, 77, 500), 0);
  assert_int_equal(f->host.clocks[LINE].sent_ns, 500);
  assert_int_equal(answer_at(&f->consumer, 77, 500, 510, &sample), -EAGAIN);
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 1);
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 0); /* each once */
  assert_int_equal(answer_at(&f->consumer, 77, 500, 600, &sample), 0);
  assert_int_equal(sample.t1_ns, 500);
  assert_int_equal(sample.t2_ns, 1010);
  assert_int_equal(sample.t3_ns, 1020);
  assert_int_equal(sample.t4_ns, 600);
}

static void test_stale_reply_is_no_answer(void **state) {
  struct fixture *f = *state;
  struct transom_clock_sample sample = {.t1_ns = 9};
  assert_int_equal(clock_cell_ask(&f->consumer, 77, 500), 0);
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 1);
  assert_int_equal(clock_cell_ask(&f->consumer, 78, 700), 0); /* gave the first one up */
  assert_int_equal(answer_at(&f->consumer, 78, 700, 800, &sample), -EAGAIN);
  assert_int_equal(sample.t1_ns, 9);
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 1);
  assert_int_equal(answer_at(&f->consumer, 78, 700, 800, &sample), 0);
}

static void test_only_joined_consumers_are_answered(void **state) {
  struct fixture *f = *state;
  f->host.clocks[5].sequence = 1; /* asked, but its line is of another epoch */
  f->host.consumers[5].epoch = EPOCH + 1;
  f->host.clocks[6].sequence = 1; /* free line */
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 0);
  assert_int_equal(f->replies[5].sequence, 0);
  f->host.consumers[5].epoch = EPOCH; /* joins later: answered then */
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 1);
  assert_int_equal(f->replies[5].sequence, 1);
}

static void test_several_consumers_in_one_pass(void **state) {
  struct fixture *f = *state;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    f->host.consumers[i].epoch = EPOCH;
    f->host.clocks[i].sequence = 100 + i;
  }
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), TRANSOM_CONSUMERS_MAX);
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++)
    assert_int_equal(f->replies[i].sequence, 100 + i);
}

static void test_dishonest_times(void **state) {
  struct fixture *f = *state;
  struct transom_clock_sample sample = {.t2_ns = 9};
  f->replies[LINE] = (struct transom_clock_reply){.sequence = 77, .received_ns = 20, .sent_ns = 19};
  assert_int_equal(answer_at(&f->consumer, 77, 500, 600, &sample), -EBADMSG);
  f->replies[LINE].sent_ns = 20;
  assert_int_equal(answer_at(&f->consumer, 77, 500, 499, &sample), -EBADMSG);
  assert_int_equal(sample.t2_ns, 9);
  assert_int_equal(answer_at(&f->consumer, 77, 500, 500, &sample), 0);
}

static void test_nothing_is_written_after_the_epoch(void **state) {
  struct fixture *f = *state;
  f->header.epoch = EPOCH + 1;
  assert_int_equal(clock_cell_ask(&f->consumer, 77, 500), -ESTALE);
  assert_int_equal(f->host.clocks[LINE].sequence, 0);
  assert_int_equal(f->host.clocks[LINE].sent_ns, 0);
}

static void test_agent_without_a_clock(void **state) {
  struct fixture *f = *state;
  struct transom_clock_sample sample;
  f->region.clock_replies = NULL;
  assert_int_equal(clock_cell_ask(&f->consumer, 77, 500), 0);
  assert_int_equal(clock_cell_serve(&f->region, f->last, guest_clock), 0);
  assert_int_equal(answer_at(&f->consumer, 77, 500, 600, &sample), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void) {
  static const struct CMUnitTest tests[] = {
      TEST(test_exchange),
      TEST(test_stale_reply_is_no_answer),
      TEST(test_only_joined_consumers_are_answered),
      TEST(test_several_consumers_in_one_pass),
      TEST(test_dishonest_times),
      TEST(test_nothing_is_written_after_the_epoch),
      TEST(test_agent_without_a_clock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
