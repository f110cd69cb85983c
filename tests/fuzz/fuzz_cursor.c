/* Cursor and clock cell on a guest that lies: state, shapes with their pixels, replies to questions that were never asked. */
#include "fuzz/fuzz_region.h"
#include "protocol/clock_cell.h"
#include "protocol/cursor.h"

struct viewer {
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_cursor_reader cursor;
  struct transom_cursor_state state;
  bool attached;
  uint64_t question;
};

static void attach(struct viewer *viewer) {
  *viewer = (struct viewer){.attached = false};
  if (!fuzz_region_attach(FUZZ_REGION_BYTES, &viewer->region) || viewer->region.head_count == 0 || !viewer->region.cursors[0].state)
    return;
  if (consumer_join(&viewer->consumer, &viewer->region, 2, 0, 2, TRANSOM_WAKE_CURSOR, TRANSOM_FEATURES_KNOWN) != 0)
    return;
  cursor_reader_init(&viewer->cursor, &viewer->region.cursors[0]);
  viewer->attached = true;
}

static void look_at_shape(struct viewer *viewer) {
  struct transom_cursor_shape shape;
  uint8_t *pixels = malloc(TRANSOM_CURSOR_DATA_MAX);
  fuzz_require(pixels != NULL);
  if (cursor_reader_shape(&viewer->cursor, &viewer->state, &shape, pixels) == 0) {
    const uint64_t planes = shape.type == TRANSOM_CURSOR_MONOCHROME ? 2 : 1;
    const uint64_t row_bytes = shape.type == TRANSOM_CURSOR_MONOCHROME ? (shape.width + 7) / 8 : shape.width * 4u;
    fuzz_require(shape.width <= TRANSOM_CURSOR_EDGE_MAX && shape.height <= TRANSOM_CURSOR_EDGE_MAX);
    fuzz_require(row_bytes <= shape.pitch_bytes && planes * shape.pitch_bytes * shape.height <= TRANSOM_CURSOR_DATA_MAX);
    fuzz_require(shape.hot_x < shape.width && shape.hot_y < shape.height);
  }
  free(pixels);
}

static uint64_t two_microseconds(void) { return 2000; }

static void exchange_time(struct viewer *viewer) {
  struct transom_clock_sample sample;
  if (clock_cell_answer(&viewer->consumer, viewer->question, 1000, two_microseconds, &sample) == 0)
    fuzz_require(sample.t1_ns <= sample.t4_ns && sample.t2_ns <= sample.t3_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input script = {data, bytes};
  struct viewer viewer = {.attached = false};
  uint32_t step;
  fuzz_region_reset();
  while (fuzz_region_next(&script, &step)) {
    if (step == 0)
      attach(&viewer);
    else if (!viewer.attached)
      continue;
    else if (step == 1)
      cursor_reader_state(&viewer.cursor, &viewer.state);
    else if (step == 2)
      look_at_shape(&viewer);
    else if (step == 3)
      cursor_reader_has_news(&viewer.cursor);
    else if (step == 4 && viewer.region.clock_replies)
      clock_cell_ask(&viewer.consumer, ++viewer.question, 1000);
    else if (step == 5 && viewer.region.clock_replies)
      exchange_time(&viewer);
  }
  return 0;
}
