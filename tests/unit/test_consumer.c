/* Consumer lines and doorbells: who is rung, how often, and who writes what. */
#include "support/queue_fixture.h"

#include <stdlib.h>
#include <string.h>

static uint32_t signal_frame(struct queue_fixture *fixture, uint32_t wake, struct transom_bell *bells) {
  return consumers_signal(&fixture->consumers, wake, 0, bells);
}

static void join_fills_one_line(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_consumer consumer;
  struct transom_consumer_line line;
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, 3, 0, 7, TRANSOM_WAKE_COMPLETE, ~UINT64_C(0)), 0);
  assert_int_equal(consumers_count(&fixture->consumers), 1);
  assert_true(consumers_line(&fixture->consumers, 3, &line));
  assert_int_equal(line.epoch, fixture->region.epoch);
  assert_int_equal(line.peer_id, 7);
  assert_int_equal(line.wake_mask, TRANSOM_WAKE_COMPLETE);
  assert_int_equal(line.features, QUEUE_FIXTURE_FEATURES); /* no more than was offered */
  assert_int_equal(line.hold, 0);
  assert_int_equal(consumers_watching(&fixture->consumers, 0), 1);
  assert_int_equal(consumers_watching(&fixture->consumers, 1), 0);
  consumer_leave(&consumer);
  assert_int_equal(consumers_count(&fixture->consumers), 0);
  assert_int_equal(consumers_watching(&fixture->consumers, 0), 0);
  assert_false(consumers_line(&fixture->consumers, 3, &line));
}

static void join_refuses_what_is_out_of_bounds(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_consumer consumer;
  struct transom_host_area *before = malloc(sizeof *before);
  memcpy(before, (const void *)fixture->host_region.host, sizeof *before);
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, TRANSOM_CONSUMERS_MAX, 0, 0, 0, 0), -EINVAL);
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, UINT32_MAX, 0, 0, 0, 0), -EINVAL);
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, 0, 1, 0, 0, 0), -EINVAL);
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, 0, 0, TRANSOM_CONSUMERS_MAX, 0, 0), -EINVAL);
  region_close(&fixture->region);
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, 0, 0, 0, 0, 0), -ESTALE);
  assert_memory_equal(before, (const void *)fixture->host_region.host, sizeof *before);
  free(before);
}

static void each_token_rings_once(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  queue_fixture_consumer(fixture, 2);
  struct transom_consumer *consumer = &fixture->lines[2];
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0); /* awake: not rung */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(consumer_arm_frame(consumer), 0);
    assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 1);
    assert_int_equal(bells[0].peer_id, 2);
    assert_int_equal(bells[0].vector, TRANSOM_VECTOR_FRAME);
    assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
  }
  assert_int_equal(consumer_arm_frame(consumer), 0);
  consumer_disarm_frame(consumer);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
}

static void token_is_never_zero(void **state) {
  struct queue_fixture *fixture = *state;
  queue_fixture_consumer(fixture, 0);
  fixture->lines[0].token_frame = UINT32_MAX;
  assert_int_equal(consumer_arm_frame(&fixture->lines[0]), 0);
  assert_int_equal(fixture->host_region.host->consumers[0].armed_frame, 1);
}

static void vectors_are_armed_apart(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  struct transom_consumer consumer;
  uint32_t mask = TRANSOM_WAKE_COMPLETE | TRANSOM_WAKE_MESSAGE;
  assert_int_equal(consumer_join(&consumer, &fixture->host_region, 1, 0, 1, mask, 0), 0);
  assert_int_equal(consumer_arm_event(&consumer), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_CLOCK, bells), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_MESSAGE, bells), 1);
  assert_int_equal(bells[0].vector, TRANSOM_VECTOR_EVENT);
  assert_int_equal(consumer_arm_frame(&consumer), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_MESSAGE, bells), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 1);
  consumer_disarm_event(&consumer);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_MESSAGE, bells), 0);
}

static void only_who_waits_for_it_is_rung(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  for (uint32_t i = 0; i < 4; i++) {
    queue_fixture_consumer(fixture, i);
    assert_int_equal(consumer_arm_frame(&fixture->lines[i]), 0);
  }
  fixture->host_region.host->consumers[0].peer_id = TRANSOM_PEER_NONE; /* polls */
  fixture->host_region.host->consumers[1].wake_mask = TRANSOM_WAKE_CURSOR;
  fixture->host_region.host->consumers[2].head = 1;
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_ANNOUNCED, bells), 1);
  assert_int_equal(bells[0].peer_id, 3);
}

static void impossible_peer_is_never_rung(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  queue_fixture_consumer(fixture, 0);
  assert_int_equal(consumer_arm_frame(&fixture->lines[0]), 0);
  fixture->host_region.host->consumers[0].peer_id = TRANSOM_CONSUMERS_MAX;
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
  fixture->host_region.host->consumers[0].peer_id = 0x7fffffff;
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
}

/* A viewer that died after its first bell, and the next one on the same line: its first token must not look rung. */
static void next_owner_of_a_line_is_rung(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  for (int i = 0; i < 5; i++) {
    queue_fixture_consumer(fixture, 0);
    assert_int_equal(consumer_arm_frame(&fixture->lines[0]), 0);
    queue_fixture_publish(fixture, NULL);
    assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 1);
    memset((void *)&fixture->host_region.host->consumers[0], 0, 64); /* the server clears the line of the dead */
  }
}

/* Every call of a consumer after the epoch moved: refused, and the host area stands untouched. */
static void nothing_is_written_after_the_epoch_moved(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  struct transom_consumer *consumer = &fixture->lines[0];
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  queue_fixture_format(fixture, 3);
  struct transom_host_area *before = malloc(sizeof *before);
  memcpy(before, (const void *)fixture->host_region.host, sizeof *before);

  assert_int_equal(consumer_beat(consumer), -ESTALE);
  assert_int_equal(consumer_arm_frame(consumer), -ESTALE);
  assert_int_equal(consumer_arm_event(consumer), -ESTALE);
  consumer_disarm_frame(consumer);
  consumer_disarm_event(consumer);
  assert_false(frame_reader_intact(reader, &frame));
  frame_reader_release(reader, &frame);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), -ESTALE);
  consumer_leave(consumer);
  assert_memory_equal(before, (const void *)fixture->host_region.host, sizeof *before);
  free(before);
}

static void line_of_another_epoch_is_nobody(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  queue_fixture_consumer(fixture, 0);
  assert_int_equal(consumer_arm_frame(&fixture->lines[0]), 0);
  queue_fixture_format(fixture, 3);
  assert_int_equal(consumers_count(&fixture->consumers), 0);
  assert_int_equal(signal_frame(fixture, TRANSOM_WAKE_COMPLETE, bells), 0);
}

/* After a format its old consumers are told, and nobody else: free lines, lines of this epoch, pollers, impossible peers. */
static void who_is_left_behind_is_rung(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  for (uint32_t i = 0; i < 4; i++)
    queue_fixture_consumer(fixture, i);
  assert_int_equal(consumers_left_behind(&fixture->consumers, bells), 0);
  fixture->host_region.host->consumers[1].peer_id = TRANSOM_PEER_NONE;
  fixture->host_region.host->consumers[2].peer_id = TRANSOM_CONSUMERS_MAX;
  queue_fixture_format(fixture, 3);
  assert_int_equal(consumers_left_behind(&fixture->consumers, bells), 2);
  assert_int_equal(bells[0].peer_id, 0);
  assert_int_equal(bells[1].peer_id, 3);
  assert_int_equal(bells[0].vector, TRANSOM_VECTOR_EVENT);
  memset((void *)&fixture->host_region.host->consumers[0], 0, 64);
  queue_fixture_attach(fixture);
  queue_fixture_consumer(fixture, 3);
  assert_int_equal(consumers_left_behind(&fixture->consumers, bells), 0);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_fixture_setup, queue_fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      QUEUE_TEST(join_fills_one_line),
      QUEUE_TEST(join_refuses_what_is_out_of_bounds),
      QUEUE_TEST(each_token_rings_once),
      QUEUE_TEST(token_is_never_zero),
      QUEUE_TEST(vectors_are_armed_apart),
      QUEUE_TEST(only_who_waits_for_it_is_rung),
      QUEUE_TEST(impossible_peer_is_never_rung),
      QUEUE_TEST(next_owner_of_a_line_is_rung),
      QUEUE_TEST(nothing_is_written_after_the_epoch_moved),
      QUEUE_TEST(line_of_another_epoch_is_nobody),
      QUEUE_TEST(who_is_left_behind_is_rung),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
