/* The frame queue, publisher and consumers on one ordinary piece of memory, one step at a time (design section 3, rules 5-10). */
#include "support/queue_fixture.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(publisher_announces_then_completes, queue_fixture_setup, queue_fixture_teardown),
      cmocka_unit_test_setup_teardown(latest_wins, queue_fixture_setup, queue_fixture_teardown),
      cmocka_unit_test_setup_teardown(publisher_never_writes_a_held_slot, queue_fixture_setup, queue_fixture_teardown),
      cmocka_unit_test_setup_teardown(skip_is_counted_when_no_slot_is_free, queue_fixture_setup, queue_fixture_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
