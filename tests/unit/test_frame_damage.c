/* What a slot lacks and what a consumer missed: damage through skipped, abandoned and reshaped frames (design section 3, rule 10). */
#include "support/queue_fixture.h"

static void slot_gets_what_it_lacks(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_damage rects[8];
  uint32_t slots[8];
  for (uint32_t i = 0; i < 8; i++) {
    rects[i] = queue_fixture_rect((uint16_t)(i * 4), 0, 1, 1);
    queue_fixture_begin(fixture, &rects[i]);
    slots[i] = fixture->slot;
    uint32_t last = UINT32_MAX;
    for (uint32_t j = 0; j < i; j++)
      last = slots[j] == slots[i] ? j : last;
    if (last == UINT32_MAX) {
      assert_true(fixture->copy.full); /* never written in this epoch */
    } else {
      assert_false(fixture->copy.full);
      for (uint32_t j = 0; j <= i; j++)
        assert_int_equal(queue_fixture_covers(&fixture->copy, j * 4, 0), j > last);
    }
    frame_writer_complete(&fixture->writer, 0, 0);
  }
}

static void abandoned_slot_is_copied_in_full(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  for (int i = 0; i < 4; i++)
    queue_fixture_publish(fixture, NULL);
  frame_reader_release(reader, &frame); /* all three slots have been written */
  queue_fixture_begin(fixture, NULL);
  assert_false(fixture->copy.full);
  uint32_t abandoned = fixture->slot;
  frame_writer_abandon(&fixture->writer);
  queue_fixture_begin(fixture, NULL); /* the third slot lacks less */
  assert_int_not_equal(fixture->slot, abandoned);
  assert_false(fixture->copy.full);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  frame_writer_complete(&fixture->writer, 0, 0);
  queue_fixture_begin(fixture, NULL); /* one is held, one is the newest */
  assert_int_equal(fixture->slot, abandoned);
  assert_true(fixture->copy.full);
}

static void another_shape_is_full(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_damage copy, damage;
  volatile uint8_t *pixels;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  for (int i = 0; i < 6; i++)
    queue_fixture_publish(fixture, NULL);
  struct transom_frame_info info = queue_fixture_info(NULL);
  for (int change = 0; change < 5; change++) {
    info.height -= change == 0;
    info.pitch_bytes += change == 1 ? TRANSOM_PITCH_ALIGN : 0;
    info.format = change == 2 ? TRANSOM_FORMAT_RGB10A2 : info.format;
    info.flags |= change == 3 ? TRANSOM_FRAME_PQ : 0;
    info.rotation = change == 4;
    assert_int_equal(frame_writer_begin(&fixture->writer, &info, 0, &pixels, &copy), 0);
    assert_true(copy.full);
    frame_writer_complete(&fixture->writer, 0, 0);
    assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, false, 0, &frame), 0);
    frame_reader_damage(reader, &frame, frame.sequence - 1, &damage);
    assert_true(damage.full);
  }
  assert_int_equal(frame_writer_begin(&fixture->writer, &info, 0, &pixels, &copy), 0);
  frame_writer_complete(&fixture->writer, 0, 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, false, 0, &frame), 0);
  frame_reader_damage(reader, &frame, frame.sequence - 1, &damage);
  assert_true(damage_is_empty(&damage)); /* the same shape again */
}

static void history_unites_what_was_skipped(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_damage damage;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  for (uint32_t i = 1; i <= 20; i++) {
    struct transom_damage one = queue_fixture_rect((uint16_t)(i * 2), 3, 1, 1);
    queue_fixture_publish(fixture, &one);
  }
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  for (uint64_t since = 1; since <= 20; since++) {
    frame_reader_damage(reader, &frame, since, &damage);
    assert_false(damage.full);
    for (uint32_t i = 1; i <= 20; i++)
      assert_int_equal(queue_fixture_covers(&damage, i * 2, 3), i > since);
  }
  frame_reader_damage(reader, &frame, 0, &damage);
  assert_true(damage.full);
  frame_reader_damage(reader, &frame, 21, &damage);
  assert_true(damage.full); /* a frame that there was not */
}

static void history_beyond_64_is_full(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_damage damage;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  for (uint32_t i = 1; i <= 100; i++) {
    struct transom_damage one = queue_fixture_rect(1, 1, 1, 1);
    queue_fixture_publish(fixture, &one);
  }
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  frame_reader_damage(reader, &frame, 100 - TRANSOM_HISTORY_MAX, &damage);
  assert_false(damage.full);
  frame_reader_damage(reader, &frame, 100 - TRANSOM_HISTORY_MAX - 1, &damage);
  assert_true(damage.full);
}

static void dishonest_history_is_full_damage(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  struct transom_damage damage;
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  for (uint32_t i = 1; i <= 5; i++)
    queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  struct transom_damage_history *entry = (struct transom_damage_history *)fixture->region.queues[0].history + 4;
  struct transom_damage_history good = *entry;
  frame_reader_damage(reader, &frame, 3, &damage);
  assert_false(damage.full);
  entry->base_sequence = 4; /* a circle */
  frame_reader_damage(reader, &frame, 3, &damage);
  assert_true(damage.full);
  *entry = good;
  entry->damage_count = UINT32_MAX;
  frame_reader_damage(reader, &frame, 3, &damage);
  assert_true(damage.full);
  *entry = good;
  entry->sequence_last = 5;
  frame_reader_damage(reader, &frame, 3, &damage);
  assert_true(damage.full);
}

static void damage_of_abandoned_and_skipped_frames_is_kept(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_damage a = queue_fixture_rect(1, 1, 1, 1), b = queue_fixture_rect(5, 5, 1, 1), c = queue_fixture_rect(9, 9, 1, 1), d;
  struct transom_frame frames[2], frame;
  struct transom_frame_reader *one = queue_fixture_consumer(fixture, 0), *two = queue_fixture_consumer(fixture, 1);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(one, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frames[0]), 0);
  queue_fixture_publish(fixture, NULL);
  assert_int_equal(frame_reader_acquire(two, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frames[1]), 0);
  queue_fixture_begin(fixture, &a);
  frame_writer_abandon(&fixture->writer);
  queue_fixture_publish(fixture, NULL); /* carries a; takes the third slot */
  assert_int_equal(queue_fixture_try_begin(fixture, &b), -EBUSY);
  frame_reader_release(one, &frames[0]);
  queue_fixture_publish(fixture, &c);
  assert_int_equal(frame_reader_acquire(one, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  frame_reader_damage(one, &frame, 4, &d);
  assert_false(d.full);
  assert_true(queue_fixture_covers(&d, 5, 5) && queue_fixture_covers(&d, 9, 9));
  assert_false(queue_fixture_covers(&d, 1, 1));
  frame_reader_damage(one, &frame, 2, &d);
  assert_false(d.full);
  assert_true(queue_fixture_covers(&d, 1, 1) && queue_fixture_covers(&d, 5, 5) && queue_fixture_covers(&d, 9, 9));
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_fixture_setup, queue_fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      QUEUE_TEST(slot_gets_what_it_lacks),
      QUEUE_TEST(abandoned_slot_is_copied_in_full),
      QUEUE_TEST(another_shape_is_full),
      QUEUE_TEST(history_unites_what_was_skipped),
      QUEUE_TEST(history_beyond_64_is_full),
      QUEUE_TEST(dishonest_history_is_full_damage),
      QUEUE_TEST(damage_of_abandoned_and_skipped_frames_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
