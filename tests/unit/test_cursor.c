/* Cursor: state and shapes from writer to reader, torn ones, and guests that lie. */
#include "protocol/cursor.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The whole section, as large as the wire's; the reader's view is made by hand so that each number can be a lie. */
struct section {
  _Alignas(64) struct transom_cursor_state state;
  _Alignas(64) uint8_t shapes[TRANSOM_CURSOR_SHAPES][TRANSOM_CURSOR_SHAPE_STRIDE];
};

struct fixture {
  struct section *section;
  struct transom_cursor_view view;
  struct transom_cursor_writer writer;
  struct transom_cursor_reader reader;
  uint8_t *in, *out; /* TRANSOM_CURSOR_DATA_MAX each */
};

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof(*f));
  assert_int_equal(posix_memalign((void **)&f->section, 64, sizeof(struct section)), 0);
  memset(f->section, 0, sizeof(struct section));
  f->in = calloc(1, TRANSOM_CURSOR_DATA_MAX);
  f->out = calloc(1, TRANSOM_CURSOR_DATA_MAX);
  f->view = (struct transom_cursor_view){
      .shape_count = TRANSOM_CURSOR_SHAPES,
      .state_bytes = sizeof(struct transom_cursor_state),
      .shape_bytes = TRANSOM_CURSOR_SHAPE_STRIDE,
      .shape_record_bytes = sizeof(struct transom_cursor_shape),
      .state = (volatile uint8_t *)&f->section->state,
      .shapes = (volatile uint8_t *)f->section->shapes,
  };
  cursor_writer_init(&f->writer, &f->view);
  cursor_reader_init(&f->reader, &f->view);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  free(f->in);
  free(f->out);
  free(f->section);
  free(f);
  return 0;
}

static struct transom_cursor_shape colour(uint32_t width, uint32_t height) {
  return (struct transom_cursor_shape){.type = TRANSOM_CURSOR_COLOUR, .width = width, .height = height, .pitch_bytes = width * 4};
}

/* The record of the shape that the writer wrote last. */
static struct transom_cursor_shape *last_record(struct fixture *f) {
  return (struct transom_cursor_shape *)(void *)f->section->shapes[transom_word_slot(f->writer.state.shape_word)];
}

static int read_shape(struct fixture *f, struct transom_cursor_shape *shape) {
  struct transom_cursor_state state;
  assert_int_equal(cursor_reader_state(&f->reader, &state), 0);
  return cursor_reader_shape(&f->reader, &state, shape, f->out);
}

static void test_nothing_yet(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_state cursor;
  assert_false(cursor_reader_has_news(&f->reader));
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), -EAGAIN);
  assert_int_equal(f->reader.bad, 0);
}

static void test_moves_arrive_once(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_state cursor;
  cursor_writer_move(&f->writer, -5, 1079, true, 4711);
  assert_true(cursor_reader_has_news(&f->reader));
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  assert_int_equal(cursor.x, -5);
  assert_int_equal(cursor.y, 1079);
  assert_int_equal(cursor.flags, TRANSOM_CURSOR_VISIBLE);
  assert_int_equal(cursor.moved_ns, 4711);
  assert_false(cursor_reader_has_news(&f->reader));
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), -EAGAIN);
  cursor_writer_move(&f->writer, 3, 4, false, 4712);
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  assert_int_equal(cursor.flags, 0);
}

static void test_far_positions_are_clamped(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_state cursor;
  cursor_writer_move(&f->writer, INT32_MIN, INT32_MAX, true, 1);
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  assert_int_equal(cursor.x, -CURSOR_POSITION_MAX);
  assert_int_equal(cursor.y, CURSOR_POSITION_MAX);
}

static void test_shape_arrives_once(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_shape shape = colour(3, 5), got;
  shape.hot_x = 1;
  shape.hot_y = 4;
  for (uint32_t i = 0; i < 60; i++)
    f->in[i] = (uint8_t)(i + 1);
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(read_shape(f, &got), 0);
  assert_int_equal(got.type, TRANSOM_CURSOR_COLOUR);
  assert_int_equal(got.width, 3);
  assert_int_equal(got.height, 5);
  assert_int_equal(got.data_bytes, 60);
  assert_int_equal(got.hot_x, 1);
  assert_int_equal(got.hot_y, 4);
  assert_memory_equal(f->out, f->in, 60);
  cursor_writer_move(&f->writer, 1, 1, true, 1);
  assert_int_equal(read_shape(f, &got), -EALREADY);
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(read_shape(f, &got), 0);
}

static void test_no_shape(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_shape got;
  cursor_writer_move(&f->writer, 1, 1, true, 1);
  assert_int_equal(read_shape(f, &got), -ENOENT);
}

static void test_largest_and_monochrome_and_masked(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_shape shape = colour(TRANSOM_CURSOR_EDGE_MAX, TRANSOM_CURSOR_EDGE_MAX), got;
  for (uint32_t i = 0; i < TRANSOM_CURSOR_DATA_MAX; i++)
    f->in[i] = (uint8_t)(i * 31 >> 3);
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(read_shape(f, &got), 0);
  assert_memory_equal(f->out, f->in, TRANSOM_CURSOR_DATA_MAX);

  shape = (struct transom_cursor_shape){.type = TRANSOM_CURSOR_MONOCHROME, .width = 33, .height = 7, .pitch_bytes = 5};
  memset(f->out, 0, TRANSOM_CURSOR_DATA_MAX);
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(read_shape(f, &got), 0);
  assert_int_equal(got.height, 7);
  assert_int_equal(got.data_bytes, 5 * 7 * 2);
  assert_memory_equal(f->out, f->in, 70);
  assert_int_equal(f->out[70], 0);

  shape = colour(16, 16);
  shape.type = TRANSOM_CURSOR_MASKED;
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(read_shape(f, &got), 0);
  assert_int_equal(got.type, TRANSOM_CURSOR_MASKED);
}

static void test_writer_refuses_bad_shapes(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_shape bad[8];
  for (uint32_t i = 0; i < 8; i++)
    bad[i] = colour(16, 16);
  bad[0].type = 0;
  bad[1].type = 4;
  bad[2].width = 0;
  bad[3].height = 0;
  bad[4].width = TRANSOM_CURSOR_EDGE_MAX + 1;
  bad[4].pitch_bytes = bad[4].width * 4;
  bad[5].pitch_bytes = 63;
  bad[6].height = TRANSOM_CURSOR_EDGE_MAX + 1;
  bad[7].pitch_bytes = UINT32_MAX;
  struct section *before = malloc(sizeof(*before));
  memcpy(before, f->section, sizeof(*before));
  for (uint32_t i = 0; i < 8; i++)
    assert_int_equal(cursor_writer_shape(&f->writer, &bad[i], f->in), -EINVAL);
  assert_memory_equal(f->section, before, sizeof(*before));
  free(before);
}

static void test_torn_state_is_not_used(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_state cursor;
  cursor_writer_move(&f->writer, 1, 2, true, 3);
  f->section->state.sequence_first++; /* the writer stopped after its first store */
  assert_true(cursor_reader_has_news(&f->reader));
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), -EAGAIN);
  assert_int_equal(f->reader.bad, 0);
  cursor_writer_move(&f->writer, 5, 6, true, 7);
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  assert_int_equal(cursor.x, 5);
}

static void test_torn_and_overwritten_shapes_are_not_used(void **state) {
  struct fixture *f = *state;
  struct transom_cursor_shape shape = colour(4, 4), got;
  struct transom_cursor_state cursor;
  assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  last_record(f)->sequence_first++; /* being written anew */
  assert_int_equal(cursor_reader_shape(&f->reader, &cursor, &got, f->out), -EAGAIN);
  last_record(f)->sequence_last++; /* written anew: another shape than the state names */
  assert_int_equal(cursor_reader_shape(&f->reader, &cursor, &got, f->out), -EAGAIN);
  assert_int_equal(f->reader.bad, 0);
  assert_int_equal(f->reader.shape_word, 0);
  for (uint32_t i = 0; i < TRANSOM_CURSOR_SHAPES; i++) /* and round again, honestly */
    assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
  assert_int_equal(cursor_reader_shape(&f->reader, &cursor, &got, f->out), -EAGAIN);
  assert_int_equal(read_shape(f, &got), 0);
}

static void expect_bad_state(struct fixture *f) {
  struct transom_cursor_state cursor;
  uint64_t bad = f->reader.bad;
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), -EBADMSG);
  assert_int_equal(f->reader.bad, bad + 1);
  assert_false(cursor_reader_has_news(&f->reader)); /* counted once */
}

static void test_hostile_state(void **state) {
  struct fixture *f = *state;
  cursor_writer_move(&f->writer, 0, 0, true, 1);
  f->section->state.x = CURSOR_POSITION_MAX + 1;
  expect_bad_state(f);
  cursor_writer_move(&f->writer, 0, 0, true, 1);
  f->section->state.y = INT32_MIN;
  expect_bad_state(f);
  static const uint64_t words[] = {TRANSOM_CURSOR_SHAPES | 1u << 16, 1, UINT64_C(1) << 56 | 1u << 16, UINT64_MAX};
  for (uint32_t i = 0; i < 4; i++) {
    cursor_writer_move(&f->writer, 0, 0, true, 1);
    f->section->state.shape_word = words[i];
    expect_bad_state(f);
    struct transom_cursor_shape got;
    struct transom_cursor_state lie = f->section->state;
    assert_int_equal(cursor_reader_shape(&f->reader, &lie, &got, f->out), -EBADMSG);
  }
}

static void test_hostile_shapes(void **state) {
  struct fixture *f = *state;
  for (uint32_t lie = 0; lie < 10; lie++) {
    struct transom_cursor_shape shape = colour(64, 64), got = {.type = 99};
    assert_int_equal(cursor_writer_shape(&f->writer, &shape, f->in), 0);
    struct transom_cursor_shape *record = last_record(f);
    switch (lie) {
    case 0:
      record->type = 77;
      break;
    case 1:
      record->width = TRANSOM_CURSOR_EDGE_MAX + 1;
      break;
    case 2:
      record->height = UINT32_MAX;
      break;
    case 3:
      record->pitch_bytes = 1;
      break;
    case 4:
      record->pitch_bytes = UINT32_MAX;
      break;
    case 5:
      record->data_bytes = TRANSOM_CURSOR_DATA_MAX + 1;
      break;
    case 6:
      record->data_bytes = UINT32_MAX;
      break;
    case 7:
      record->data_bytes = 64 * 64 * 4 - 1;
      break;
    case 8:
      record->hot_x = 64;
      break;
    case 9:
      record->type = TRANSOM_CURSOR_MONOCHROME, record->height = TRANSOM_CURSOR_EDGE_MAX;
      break;
    }
    uint64_t bad = f->reader.bad;
    assert_int_equal(read_shape(f, &got), -EBADMSG);
    assert_int_equal(f->reader.bad, bad + 1);
    assert_int_equal(got.type, 99);
  }
}

/* A newer agent's records are longer, with more of its own before sequence_last: what we know is at its old place. */
static void test_longer_records(void **state) {
  struct fixture *f = *state;
  _Alignas(64) static uint64_t longer_state[16], longer_shape[16 + 2];
  longer_state[0] = longer_state[15] = 9;
  longer_state[1] = 21u | UINT64_C(22) << 32;
  longer_state[2] = TRANSOM_CURSOR_VISIBLE | 0xff00u;
  longer_state[3] = transom_frame_word(5, 0);
  struct transom_cursor_shape shape = colour(2, 2);
  shape.sequence_first = 5;
  shape.data_bytes = 16;
  memcpy(longer_shape, &shape, 56);
  longer_shape[15] = 5;
  longer_shape[16] = longer_shape[17] = UINT64_C(0x0102030405060708);
  f->reader.view.state = (volatile uint8_t *)longer_state;
  f->reader.view.state_bytes = 128;
  f->reader.view.shapes = (volatile uint8_t *)longer_shape;
  f->reader.view.shape_count = 1;
  f->reader.view.shape_record_bytes = 128;
  f->reader.view.shape_bytes = 144;
  struct transom_cursor_shape got;
  struct transom_cursor_state cursor;
  assert_int_equal(cursor_reader_state(&f->reader, &cursor), 0);
  assert_int_equal(cursor.x, 21);
  assert_int_equal(cursor_reader_shape(&f->reader, &cursor, &got, f->out), 0);
  assert_int_equal(got.width, 2);
  assert_memory_equal(f->out, &longer_shape[16], 16);
}

#define SHAPES_WRITTEN 60000u

static void *write_shapes(void *user_data) {
  struct fixture *f = user_data;
  struct transom_cursor_shape shape = colour(32, 32);
  for (uint32_t i = 1; i <= SHAPES_WRITTEN; i++) {
    memset(f->in, (int)(i & 0xff), 4096);
    shape.hot_x = i & 31;
    cursor_writer_shape(&f->writer, &shape, f->in);
  }
  return NULL;
}

/* A writer that never waits, a reader that never trusts: no shape is ever seen with pixels or hot spot of another. One slot only, so that
 * nearly every copy meets the writer. */
static void test_no_torn_shape_under_fire(void **state) {
  struct fixture *f = *state;
  pthread_t thread;
  f->view.shape_count = 1;
  cursor_writer_init(&f->writer, &f->view);
  cursor_reader_init(&f->reader, &f->view);
  assert_int_equal(pthread_create(&thread, NULL, write_shapes, f), 0);
  uint32_t wrong = 0;
  for (uint64_t last = 0; last < SHAPES_WRITTEN;) {
    struct transom_cursor_state cursor;
    struct transom_cursor_shape got;
    if (cursor_reader_state(&f->reader, &cursor) != 0)
      continue;
    last = transom_word_sequence(cursor.shape_word);
    if (cursor_reader_shape(&f->reader, &cursor, &got, f->out) != 0)
      continue;
    wrong += got.sequence_first != last || got.hot_x != (last & 31);
    for (uint32_t i = 0; i < 4096; i++)
      wrong += f->out[i] != (uint8_t)last;
  }
  pthread_join(thread, NULL);
  assert_int_equal(wrong, 0);
  assert_int_equal(f->reader.bad, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void) {
  static const struct CMUnitTest tests[] = {
      TEST(test_nothing_yet),
      TEST(test_moves_arrive_once),
      TEST(test_far_positions_are_clamped),
      TEST(test_shape_arrives_once),
      TEST(test_no_shape),
      TEST(test_largest_and_monochrome_and_masked),
      TEST(test_writer_refuses_bad_shapes),
      TEST(test_torn_state_is_not_used),
      TEST(test_torn_and_overwritten_shapes_are_not_used),
      TEST(test_hostile_state),
      TEST(test_hostile_shapes),
      TEST(test_longer_records),
      TEST(test_no_torn_shape_under_fire),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
