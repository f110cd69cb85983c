/* Single records at the gate: every bound of a descriptor, history entry and cursor shape from both sides; records of other minors. */
#include "support/queue_fixture.h"

#include "protocol/record.h"

#include <string.h>

static const struct transom_queue_view queue = {.slot_count = 3, .slot_bytes = 16 * TRANSOM_SLOT_ALIGN};

static struct transom_descriptor good_descriptor(void) {
  return (struct transom_descriptor){.sequence_first = 10,
                                     .format = TRANSOM_FORMAT_BGRA8,
                                     .width = 640,
                                     .height = 400,
                                     .pitch_bytes = 2560,
                                     .band_rows = 40,
                                     .base_sequence = 9,
                                     .damage_count = 2,
                                     .damage = {{0, 0, 640, 400}, {639, 399, 1, 1}},
                                     .sequence_last = 10};
}

#define DESCRIPTOR(answer, change)                                                                                                         \
  do {                                                                                                                                     \
    struct transom_descriptor d = good_descriptor();                                                                                       \
    change;                                                                                                                                \
    assert_int_equal(validate_descriptor(&d, &queue), answer);                                                                             \
  } while (0)

static void descriptor_bounds(void **state) {
  (void)state;
  DESCRIPTOR(0, (void)0);
  DESCRIPTOR(-EBADMSG, d.sequence_first = 0; d.sequence_last = 0);
  DESCRIPTOR(-EBADMSG, d.sequence_last = 11);
  DESCRIPTOR(0, d.sequence_first = d.sequence_last = TRANSOM_SEQUENCE_MAX);
  DESCRIPTOR(-EBADMSG, d.sequence_first = d.sequence_last = TRANSOM_SEQUENCE_MAX + 1);
  DESCRIPTOR(0, d.base_sequence = 0);
  DESCRIPTOR(-EBADMSG, d.base_sequence = 10);
  DESCRIPTOR(-EBADMSG, d.base_sequence = UINT64_MAX);
  DESCRIPTOR(-EBADMSG, d.format = 0);
  DESCRIPTOR(-EBADMSG, d.format = 5);
  DESCRIPTOR(-EBADMSG, d.format = 0x100);
  DESCRIPTOR(-EBADMSG, d.format = UINT32_MAX);
  DESCRIPTOR(-EBADMSG, d.width = 0);
  DESCRIPTOR(-EBADMSG, d.width = 641; d.damage_count = 0);
  DESCRIPTOR(-EBADMSG, d.width = TRANSOM_WIDTH_MAX + 1; d.pitch_bytes = 65792; d.height = 1; d.band_rows = 0; d.damage_count = 0);
  DESCRIPTOR(0, d.width = TRANSOM_WIDTH_MAX; d.pitch_bytes = 65536; d.height = 16; d.band_rows = 0; d.damage_count = 0);
  DESCRIPTOR(-EBADMSG, d.width = 0x40000001; d.damage_count = 0); /* times four is four again */
  DESCRIPTOR(-EBADMSG, d.height = 0);
  DESCRIPTOR(0, d.height = 409; d.damage_count = 0);
  DESCRIPTOR(-EBADMSG, d.height = 410; d.damage_count = 0); /* beyond the slot */
  DESCRIPTOR(-EBADMSG, d.height = UINT32_MAX; d.damage_count = 0);
  DESCRIPTOR(-EBADMSG, d.pitch_bytes = 0);
  DESCRIPTOR(-EBADMSG, d.pitch_bytes = 2561);
  DESCRIPTOR(-EBADMSG, d.pitch_bytes = 2304);
  DESCRIPTOR(-EBADMSG, d.pitch_bytes = 0xffffff00);
  DESCRIPTOR(-EBADMSG, d.format = TRANSOM_FORMAT_RGBA16F); /* eight bytes a pixel need more pitch */
  DESCRIPTOR(0, d.band_rows = 400);
  DESCRIPTOR(-EBADMSG, d.band_rows = 401);
  DESCRIPTOR(0, d.rotation = 3);
  DESCRIPTOR(-EBADMSG, d.rotation = 4);
  DESCRIPTOR(0, d.damage_count = TRANSOM_DAMAGE_MAX);
  DESCRIPTOR(-EBADMSG, d.damage_count = TRANSOM_DAMAGE_MAX + 1);
  DESCRIPTOR(-EBADMSG, d.damage_count = UINT32_MAX);
  DESCRIPTOR(-EBADMSG, d.damage[1].width = 2);
  DESCRIPTOR(-EBADMSG, d.damage[1].height = 2);
  DESCRIPTOR(-EBADMSG, d.damage[1].x = 0xffff; d.damage[1].width = 0xffff);
  DESCRIPTOR(-EBADMSG, d.flags = TRANSOM_FRAME_FULL_DAMAGE; d.damage[0].width = 641);
  DESCRIPTOR(0, d.damage_count = 1; d.damage[1].width = 9999);
  DESCRIPTOR(0, d.flags = UINT32_MAX); /* bits of newer minors */
}

static void history_bounds(void **state) {
  (void)state;
  const struct transom_damage_history good = {
      .sequence_first = 5, .base_sequence = 4, .damage_count = 1, .damage = {{0, 0, 10, 10}}, .sequence_last = 5};
  struct transom_damage_history h = good;
  assert_int_equal(validate_history(&h, 10, 10), 0);
  assert_int_equal(validate_history(&h, 9, 10), -EBADMSG);
  assert_int_equal(validate_history(&h, 10, 9), -EBADMSG);
  h.base_sequence = 5;
  assert_int_equal(validate_history(&h, 10, 10), -EBADMSG);
  h = good;
  h.damage_count = TRANSOM_DAMAGE_MAX + 1;
  assert_int_equal(validate_history(&h, 10, 10), -EBADMSG);
  h = good;
  h.sequence_last = 6;
  assert_int_equal(validate_history(&h, 10, 10), -EBADMSG);
}

#define SHAPE(answer, change)                                                                                                              \
  do {                                                                                                                                     \
    struct transom_cursor_shape s = {.sequence_first = 3,                                                                                  \
                                     .type = TRANSOM_CURSOR_COLOUR,                                                                        \
                                     .width = 32,                                                                                          \
                                     .height = 32,                                                                                         \
                                     .pitch_bytes = 128,                                                                                   \
                                     .hot_x = 31,                                                                                          \
                                     .hot_y = 0,                                                                                           \
                                     .data_bytes = 4096,                                                                                   \
                                     .sequence_last = 3};                                                                                  \
    change;                                                                                                                                \
    assert_int_equal(validate_cursor_shape(&s, &cursor), answer);                                                                          \
  } while (0)

static void cursor_shape_bounds(void **state) {
  (void)state;
  const struct transom_cursor_view cursor = {.shape_count = 3, .shape_record_bytes = 64, .shape_bytes = 64 + 8192};
  SHAPE(0, (void)0);
  SHAPE(-EBADMSG, s.sequence_first = s.sequence_last = 0);
  SHAPE(-EBADMSG, s.sequence_last = 4);
  SHAPE(-EBADMSG, s.type = 0);
  SHAPE(-EBADMSG, s.type = 4);
  SHAPE(0, s.type = TRANSOM_CURSOR_MASKED);
  SHAPE(-EBADMSG, s.width = 0);
  SHAPE(-EBADMSG, s.width = 33);
  SHAPE(-EBADMSG, s.width = TRANSOM_CURSOR_EDGE_MAX + 1);
  SHAPE(-EBADMSG, s.height = 0);
  SHAPE(-EBADMSG, s.height = 33);
  SHAPE(-EBADMSG, s.height = UINT32_MAX);
  SHAPE(-EBADMSG, s.pitch_bytes = 127);
  SHAPE(-EBADMSG, s.pitch_bytes = UINT32_MAX);
  SHAPE(-EBADMSG, s.hot_x = 32);
  SHAPE(-EBADMSG, s.hot_y = 32);
  SHAPE(0, s.data_bytes = 8192);
  SHAPE(-EBADMSG, s.data_bytes = 8193);
  SHAPE(-EBADMSG, s.data_bytes = 4095);
  SHAPE(0, s.type = TRANSOM_CURSOR_MONOCHROME; s.pitch_bytes = 4; s.data_bytes = 256);
  SHAPE(-EBADMSG, s.type = TRANSOM_CURSOR_MONOCHROME; s.pitch_bytes = 4; s.data_bytes = 255);
  SHAPE(-EBADMSG, s.type = TRANSOM_CURSOR_MONOCHROME; s.pitch_bytes = 3; s.data_bytes = 256);
}

static void formats_have_their_bytes(void **state) {
  (void)state;
  assert_int_equal(validate_format_bytes(TRANSOM_FORMAT_BGRA8), 4);
  assert_int_equal(validate_format_bytes(TRANSOM_FORMAT_RGBA8), 4);
  assert_int_equal(validate_format_bytes(TRANSOM_FORMAT_RGB10A2), 4);
  assert_int_equal(validate_format_bytes(TRANSOM_FORMAT_RGBA16F), 8);
  assert_int_equal(validate_format_bytes(0), 0);
  assert_int_equal(validate_format_bytes(UINT32_MAX), 0);
}

/* ---- records of an older and a newer minor, all the way to a frame in hand ---- */

struct minor {
  uint32_t descriptor_bytes, progress_bytes, history_bytes, history_count;
};

/* An agent of that minor: its queue, then one complete frame with damage and the history entry before it. */
static void write_as(struct queue_fixture *fixture, const struct minor *minor) {
  uint8_t *section = (uint8_t *)fixture->region.queues[0].newest - 64;
  struct transom_frame_queue *wire = (struct transom_frame_queue *)(void *)section;
  wire->descriptor_bytes = minor->descriptor_bytes;
  wire->progress_bytes = minor->progress_bytes;
  wire->history_bytes = minor->history_bytes;
  wire->history_count = minor->history_count;
  wire->progress_offset = wire->descriptors_offset + 3 * minor->descriptor_bytes;
  wire->history_offset = wire->progress_offset + 3 * minor->progress_bytes;
  uint64_t record[TRANSOM_RECORD_BYTES_MAX / 8];

  memset(record, 0xff, sizeof record); /* what a newer minor may have in its tail */
  struct transom_damage_history history = {.base_sequence = 5, .damage_count = 1, .damage = {{3, 3, 1, 1}}};
  memcpy(record, &history, TRANSOM_HISTORY_BYTES_MIN - 8);
  record_write(section + wire->history_offset + 6 % minor->history_count * minor->history_bytes, record, minor->history_bytes, 6);

  memset(record, 0xff, sizeof record);
  struct transom_descriptor descriptor = good_descriptor();
  descriptor.width = QUEUE_FIXTURE_WIDTH;
  descriptor.height = descriptor.band_rows = QUEUE_FIXTURE_HEIGHT;
  descriptor.pitch_bytes = TRANSOM_PITCH_ALIGN;
  descriptor.base_sequence = 6;
  descriptor.damage_count = 1;
  descriptor.damage[0] = (struct transom_rect){9, 9, 1, 1};
  memcpy(record, &descriptor, TRANSOM_DESCRIPTOR_BYTES_MIN - 8);
  record_write(section + wire->descriptors_offset + 1 * minor->descriptor_bytes, record, minor->descriptor_bytes, 7);
  uint64_t *progress = (uint64_t *)(void *)(section + wire->progress_offset + 1 * minor->progress_bytes);
  progress[0] = transom_progress_word(7, TRANSOM_FRAME_COMPLETE, QUEUE_FIXTURE_HEIGHT);
  fixture->region.queues[0].newest->complete = transom_frame_word(7, 1);
}

static void read_as(struct queue_fixture *fixture, const struct minor *minor, bool stamps) {
  struct transom_frame frame;
  struct transom_damage damage;
  write_as(fixture, minor);
  queue_fixture_attach(fixture);
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 7);
  assert_int_equal(frame.descriptor.width, QUEUE_FIXTURE_WIDTH);
  assert_int_equal(frame.descriptor.sequence_last, 7);
  assert_int_equal(frame.copy_done_ns, stamps ? 70 : 0);
  frame_reader_damage(reader, &frame, 5, &damage);
  assert_false(damage.full);
  assert_true(queue_fixture_covers(&damage, 3, 3) && queue_fixture_covers(&damage, 9, 9));
  assert_true(frame_reader_intact(reader, &frame));
}

static void older_minor_has_shorter_records(void **state) {
  const struct minor older = {TRANSOM_DESCRIPTOR_BYTES_MIN, TRANSOM_PROGRESS_BYTES_MIN, TRANSOM_HISTORY_BYTES_MIN, 16};
  read_as(*state, &older, false);
}

static void newer_minor_has_longer_records(void **state) {
  struct queue_fixture *fixture = *state;
  const struct minor newer = {TRANSOM_RECORD_BYTES_MAX, 128, 512, 32};
  uint8_t *section = (uint8_t *)fixture->region.queues[0].newest - 64;
  uint64_t *stamps = (uint64_t *)(void *)(section + 256 + 3 * TRANSOM_RECORD_BYTES_MAX + 128);
  stamps[1] = 70;
  read_as(fixture, &newer, true);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_fixture_setup, queue_fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(descriptor_bounds),         cmocka_unit_test(history_bounds),
      cmocka_unit_test(cursor_shape_bounds),       cmocka_unit_test(formats_have_their_bytes),
      QUEUE_TEST(older_minor_has_shorter_records), QUEUE_TEST(newer_minor_has_longer_records),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
