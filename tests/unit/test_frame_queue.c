/* The frame queue, publisher and consumers on one ordinary piece of memory, one step at a time (design section 3, rules 5-10). */
#include "support/queue_fixture.h"

#include <stdlib.h>
#include <string.h>

static void publisher_announces_then_completes(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), -EAGAIN);

  queue_fixture_begin(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), -EAGAIN);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 1);
  assert_int_equal(frame.descriptor.width, QUEUE_FIXTURE_WIDTH);

  uint32_t rows = 99;
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_WRITING);
  assert_int_equal(rows, 0);
  frame_writer_rows(&fixture->writer, 10);
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_WRITING);
  assert_int_equal(rows, 10);
  frame_writer_complete(&fixture->writer, 111, 222);
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_COMPLETE);
  assert_int_equal(rows, QUEUE_FIXTURE_HEIGHT);
  assert_int_equal(frame.copy_done_ns, 111);
  assert_int_equal(frame.complete_ns, 222);
  assert_true(frame_reader_intact(reader, &frame));
  frame_reader_release(reader, &frame);
}

static void latest_wins(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  struct transom_frame frame;
  for (int i = 0; i < 5; i++)
    queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 5);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 5, &frame), -EAGAIN);
}

static void publisher_never_writes_a_held_slot(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  struct transom_frame frame;
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  for (int i = 0; i < 20; i++) {
    queue_fixture_publish(fixture, NULL);
    assert_int_not_equal(fixture->slot, frame.slot);
    assert_true(frame_reader_intact(reader, &frame));
  }
  frame_reader_release(reader, &frame);
  assert_int_equal(fixture->writer.skipped, 0);
}

static void skip_is_counted_when_no_slot_is_free(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame_reader *one = queue_fixture_consumer(fixture, 0), *two = queue_fixture_consumer(fixture, 1);
  struct transom_frame frames[2];
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(one, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frames[0]), 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(two, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frames[1]), 0);
  queue_fixture_publish(fixture, NULL); /* the third slot */
  assert_int_equal(queue_fixture_try_begin(fixture, NULL), -EBUSY);
  assert_int_equal(fixture->writer.skipped, 1);
  assert_int_equal(fixture->region.status->frames_skipped, 1);
  frame_reader_release(one, &frames[0]);
  assert_int_equal(queue_fixture_try_begin(fixture, NULL), 0);
  assert_int_equal(fixture->slot, 0);
}

static void several_consumers_hold_at_once(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frames[3];
  queue_fixture_format(fixture, 6);
  queue_fixture_attach(fixture);
  for (uint32_t i = 0; i < 3; i++) {
    queue_fixture_publish(fixture, NULL);
    assert_int_equal(frame_reader_acquire(queue_fixture_consumer(fixture, i), TRANSOM_ACQUIRE_COMPLETE, true, 0, &frames[i]), 0);
  }
  for (int i = 0; i < 20; i++) {
    queue_fixture_publish(fixture, NULL);
    for (uint32_t j = 0; j < 3; j++)
      assert_int_not_equal(fixture->slot, frames[j].slot);
  }
  for (uint32_t i = 0; i < 3; i++)
    assert_true(frame_reader_intact(&fixture->readers[i], &frames[i]));
}

static void hold_suffices_says_the_arithmetic(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_queue_view queue = fixture->region.queues[0];
  assert_true(frame_reader_may_hold(&queue, 0));
  assert_false(frame_reader_may_hold(&queue, 1));
  queue.slot_count = 2;
  assert_false(frame_reader_may_hold(&queue, 0));
  queue.slot_count = 16;
  assert_true(frame_reader_may_hold(&queue, 13));
  assert_false(frame_reader_may_hold(&queue, 14));
  assert_false(frame_reader_may_hold(&queue, UINT32_MAX));
}

/* ---- holds that expire ---- */

static void beating_hold_stands(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  for (int i = 0; i < 10; i++) {
    fixture->now_ns += TRANSOM_HOLD_SILENT_NS - 1;
    assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 0);
    assert_int_equal(consumer_beat(&fixture->lines[0]), 0);
  }
  assert_true(frame_reader_intact(reader, &frame));
}

static void silent_hold_is_revoked(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  queue_fixture_publish(fixture, NULL); /* here the publisher first sees the hold */
  fixture->now_ns += TRANSOM_HOLD_SILENT_NS - 1;
  assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 0);
  fixture->now_ns += 1;
  assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 1);
  assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 0);
  assert_int_equal(fixture->region.status->holds_revoked, 1);
  assert_false(frame_reader_intact(reader, &frame)); /* even before the slot is used again */
  assert_int_equal(reader->torn, 1);
  bool reused = false;
  for (int i = 0; i < 4; i++) {
    queue_fixture_publish(fixture, NULL);
    reused |= fixture->slot == frame.slot;
  }
  assert_true(reused);
}

static void revoked_frame_can_be_read_without_a_hold(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  frame_writer_revoke_silent(&fixture->writer, fixture->now_ns);
  fixture->now_ns += TRANSOM_HOLD_SILENT_NS;
  assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 1);
  frame_reader_release(reader, &frame);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame.hold, 0);
  assert_int_equal(fixture->host_region.host->consumers[0].hold, 0);
  assert_true(frame_reader_intact(reader, &frame));
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 1, &frame), 0);
  assert_int_not_equal(frame.hold, 0); /* the next one is held as ever */
}

/* A still screen: the same frame is held again much later, with no look of the publisher in between. */
static void same_frame_held_again_is_not_taken_for_silent(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  frame_writer_revoke_silent(&fixture->writer, fixture->now_ns);
  frame_reader_release(reader, &frame);
  fixture->now_ns += 10 * TRANSOM_HOLD_SILENT_NS;
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame_writer_revoke_silent(&fixture->writer, fixture->now_ns), 0);
  assert_true(frame_reader_intact(reader, &frame));
}

static void failed_acquire_leaves_the_old_hold(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame, next;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 1, &next), -EAGAIN);
  assert_int_equal(fixture->host_region.host->consumers[0].hold, frame.hold);
  frame_reader_release(reader, &frame);
  assert_int_equal(fixture->host_region.host->consumers[0].hold, 0);
}

static void impossible_holds_harm_nobody(void **state) {
  struct queue_fixture *fixture = *state;
  static const uint64_t holds[] = {1, 0xffff, UINT64_MAX, UINT64_C(1) << 56, UINT64_C(0xff) << 56 | 1};
  queue_fixture_consumer(fixture, 0);
  for (uint32_t i = 0; i < sizeof holds / sizeof holds[0]; i++) {
    fixture->host_region.host->consumers[0].hold = holds[i];
    queue_fixture_publish(fixture, NULL);
    fixture->now_ns += TRANSOM_HOLD_SILENT_NS;
    queue_fixture_publish(fixture, NULL);
  }
  assert_int_equal(fixture->writer.skipped, 0);
}

/* ---- abandoned and rejected frames ---- */

static void abandoned_frame_is_dropped(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  uint32_t rows;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  queue_fixture_begin(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 1, &frame), 0);
  frame_writer_abandon(&fixture->writer);
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_ABANDONED);
  assert_int_equal(rows, 0);
  assert_false(frame_reader_intact(reader, &frame));
  frame_reader_release(reader, &frame);
  assert_false(frame_reader_has_newer(reader, TRANSOM_ACQUIRE_ANNOUNCED, 1)); /* or a consumer would look for ever */
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 1);
}

static void first_frame_abandoned_leaves_nothing(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  queue_fixture_begin(fixture, NULL);
  frame_writer_abandon(&fixture->writer);
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), -EAGAIN);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 2);
}

static void rejected_begin_leaves_the_region_untouched(void **state) {
  struct queue_fixture *fixture = *state;
  volatile uint8_t *pixels = NULL;
  struct transom_damage copy, damage = queue_fixture_rect(QUEUE_FIXTURE_WIDTH - 1, 0, 2, 1);
  queue_fixture_publish(fixture, NULL);
  struct transom_frame_info good = queue_fixture_info(NULL), bad[11];
  for (uint32_t i = 0; i < 11; i++)
    bad[i] = good;
  bad[0].format = (enum transom_format)0;
  bad[1].width = 0;
  bad[2].width = TRANSOM_WIDTH_MAX + 1;
  bad[3].height = 0;
  bad[4].height = TRANSOM_HEIGHT_MAX + 1;
  bad[5].pitch_bytes = 255;
  bad[6].width = QUEUE_FIXTURE_WIDTH + 1; /* the pitch is too short */
  bad[7].height = (uint32_t)(fixture->region.queues[0].slot_bytes / TRANSOM_PITCH_ALIGN) + 1;
  bad[8].rotation = 4;
  bad[9].damage = damage;
  bad[10].damage.count = TRANSOM_DAMAGE_MAX + 1;
  uint8_t *before = malloc(QUEUE_FIXTURE_BYTES);
  memcpy(before, fixture->memory, QUEUE_FIXTURE_BYTES);
  for (uint32_t i = 0; i < 11; i++)
    assert_int_equal(frame_writer_begin(&fixture->writer, &bad[i], 0, &pixels, &copy), -EINVAL);
  assert_null(pixels);
  assert_memory_equal(before, fixture->memory, QUEUE_FIXTURE_BYTES);
  free(before);
}

/* ---- two slots, no hold ---- */

static void two_slots_are_read_without_a_hold(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  assert_false(frame_reader_may_hold(reader->queue, 0));
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, false, 0, &frame), 0);
  assert_int_equal(frame.hold, 0);
  queue_fixture_publish(fixture, NULL); /* the other slot */
  assert_true(frame_reader_intact(reader, &frame));
  queue_fixture_begin(fixture, NULL); /* this one */
  assert_false(frame_reader_intact(reader, &frame));
  assert_int_equal(reader->torn, 1);
}

/* ---- epochs ---- */

static void epoch_moves_before_each_step(void **state) {
  struct queue_fixture *fixture = *state;
  for (int step = 0; step < 4; step++) {
    struct transom_frame frame;
    uint32_t rows;
    queue_fixture_attach(fixture);
    struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
    queue_fixture_begin(fixture, NULL);
    if (step >= 1)
      assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), 0);
    if (step >= 2)
      assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_WRITING);
    if (step >= 3)
      assert_true(frame_reader_intact(reader, &frame));
    queue_fixture_format(fixture, 3);
    queue_fixture_publish(fixture, NULL); /* the same sequence in the same slot, in another epoch */
    if (step == 0) {
      assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), -ESTALE);
      continue;
    }
    frame_reader_progress(reader, &frame, &rows);
    assert_in_range(rows, 0, QUEUE_FIXTURE_HEIGHT);
    assert_false(frame_reader_intact(reader, &frame));
    frame_reader_release(reader, &frame);
    assert_int_equal(fixture->host_region.host->consumers[0].epoch, fixture->host_region.epoch); /* not written since */
  }
}

/* ---- a hostile publisher ---- */

static int acquire(struct queue_fixture *fixture) {
  struct transom_frame frame;
  return frame_reader_acquire(&fixture->readers[0], TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame);
}

static void torn_descriptor_is_counted_and_dropped(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  struct transom_descriptor *record = (struct transom_descriptor *)fixture->region.queues[0].descriptors;
  record->sequence_last++;
  assert_int_equal(acquire(fixture), -EBADMSG);
  assert_int_equal(reader->bad, 1);
  assert_int_equal(fixture->host_region.host->consumers[0].hold, 0); /* nothing stays held */
  record->sequence_first++;                                          /* whole, but of another frame */
  assert_int_equal(acquire(fixture), -EBADMSG);
  record->sequence_first--, record->sequence_last--;
  assert_int_equal(acquire(fixture), 0);
}

static void dishonest_words_are_counted_and_dropped(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  volatile uint64_t *word = &fixture->region.queues[0].newest->complete;
  queue_fixture_publish(fixture, NULL);
  *word = transom_frame_word(1, 3); /* no such slot */
  assert_int_equal(acquire(fixture), -EBADMSG);
  *word = UINT64_MAX;
  assert_int_equal(acquire(fixture), -EBADMSG);
  *word = transom_frame_word(1, 0) | UINT64_C(1) << 60; /* bits that no honest word has */
  assert_int_equal(acquire(fixture), -EBADMSG);
  assert_int_equal(reader->bad, 3);
  *word = transom_frame_word(2, 0); /* a frame that its slot does not carry: as if it always moved */
  assert_int_equal(acquire(fixture), -EAGAIN);
  *word = 0;
  assert_int_equal(acquire(fixture), -EAGAIN);
}

static void dishonest_progress_is_bounded(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  uint32_t rows;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  volatile struct transom_progress *progress = (volatile struct transom_progress *)fixture->region.queues[0].progress;
  queue_fixture_begin(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame), 0);
  progress->word = transom_progress_word(1, TRANSOM_FRAME_WRITING, 0xfffff);
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_WRITING);
  assert_int_equal(rows, QUEUE_FIXTURE_HEIGHT);
  progress->word = transom_progress_word(1, (enum transom_frame_state)9, 5);
  assert_int_equal(frame_reader_progress(reader, &frame, &rows), TRANSOM_FRAME_ABANDONED);
  assert_int_equal(rows, 0);
  assert_false(frame_reader_intact(reader, &frame));
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_fixture_setup, queue_fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      QUEUE_TEST(publisher_announces_then_completes),
      QUEUE_TEST(latest_wins),
      QUEUE_TEST(publisher_never_writes_a_held_slot),
      QUEUE_TEST(skip_is_counted_when_no_slot_is_free),
      QUEUE_TEST(several_consumers_hold_at_once),
      QUEUE_TEST(hold_suffices_says_the_arithmetic),
      QUEUE_TEST(beating_hold_stands),
      QUEUE_TEST(silent_hold_is_revoked),
      QUEUE_TEST(revoked_frame_can_be_read_without_a_hold),
      QUEUE_TEST(same_frame_held_again_is_not_taken_for_silent),
      QUEUE_TEST(failed_acquire_leaves_the_old_hold),
      QUEUE_TEST(impossible_holds_harm_nobody),
      QUEUE_TEST(abandoned_frame_is_dropped),
      QUEUE_TEST(first_frame_abandoned_leaves_nothing),
      QUEUE_TEST(rejected_begin_leaves_the_region_untouched),
      cmocka_unit_test_setup_teardown(two_slots_are_read_without_a_hold, queue_fixture_setup_two_slots, queue_fixture_teardown),
      QUEUE_TEST(epoch_moves_before_each_step),
      QUEUE_TEST(torn_descriptor_is_counted_and_dropped),
      QUEUE_TEST(dishonest_words_are_counted_and_dropped),
      QUEUE_TEST(dishonest_progress_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
