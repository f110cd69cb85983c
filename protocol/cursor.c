#include "protocol/cursor.h"

#include "protocol/atomics.h"
#include "protocol/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static volatile uint8_t *shape_at(const struct transom_cursor_view *view, uint32_t slot) {
  return view->shapes + (size_t)slot * view->shape_bytes;
}

static volatile uint64_t *words(volatile uint8_t *bytes) { return (volatile uint64_t *)(volatile void *)bytes; }

/* ---- writer ---- */

void cursor_writer_init(struct transom_cursor_writer *writer, const struct transom_cursor_view *view) {
  assert(view->state_bytes == sizeof(struct transom_cursor_state));
  assert(view->shape_record_bytes == sizeof(struct transom_cursor_shape));
  *writer = (struct transom_cursor_writer){.view = *view};
}

static void write_state(struct transom_cursor_writer *writer) {
  writer->state.sequence_first = ++writer->state_sequence;
  record_write(writer->view.state, &writer->state, sizeof(writer->state), writer->state_sequence);
  wire_fence_store(WIRE_FENCE_PUBLISH_AFTER); /* out of the write-combining buffer: a cursor is moved now */
}

static int32_t clamp(int32_t position) {
  if (position < -CURSOR_POSITION_MAX)
    return -CURSOR_POSITION_MAX;
  return position > CURSOR_POSITION_MAX ? CURSOR_POSITION_MAX : position;
}

void cursor_writer_move(struct transom_cursor_writer *writer, int32_t x, int32_t y, uint32_t flags, uint64_t now_ns) {
  writer->state.x = clamp(x);
  writer->state.y = clamp(y);
  writer->state.flags = flags;
  writer->state.moved_ns = now_ns;
  write_state(writer);
}

static void write_pixels(volatile uint8_t *to, const uint8_t *pixels, uint32_t bytes) {
  for (uint32_t done = 0; done < bytes; done += 8) {
    uint64_t word = 0;
    memcpy(&word, pixels + done, bytes - done < 8 ? bytes - done : 8);
    wire_store_body64(words(to + done), word);
  }
}

/* The pixels belong to the record although they lie behind it: its sequence_first changes before the first of them does, its sequence_last
 * after the last one (pairs with the order of loads in cursor_reader_shape()). */
static void write_shape(const struct transom_cursor_view *view, uint32_t slot, const struct transom_cursor_shape *record,
                        const uint8_t *pixels) {
  volatile uint8_t *to = shape_at(view, slot);
  wire_store64(words(to), record->sequence_first);
  wire_fence_store(WIRE_FENCE_RECORD_OPEN);
  write_pixels(to + view->shape_record_bytes, pixels, record->data_bytes);
  record_write(to, record, sizeof(*record), record->sequence_first);
}

int cursor_writer_shape(struct transom_cursor_writer *writer, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  struct transom_cursor_shape record = *shape;
  uint64_t planes = record.type == TRANSOM_CURSOR_MONOCHROME ? 2 : 1;
  uint64_t data_bytes = (uint64_t)record.pitch_bytes * record.height * planes;
  if (data_bytes > TRANSOM_CURSOR_DATA_MAX)
    return -EINVAL;
  record.data_bytes = (uint32_t)data_bytes;
  record.sequence_first = record.sequence_last = writer->shape_sequence + 1;
  if (validate_cursor_shape(&record, &writer->view) != 0)
    return -EINVAL;

  uint64_t sequence = ++writer->shape_sequence;
  uint32_t slot = (uint32_t)(sequence % writer->view.shape_count);
  write_shape(&writer->view, slot, &record, pixels);
  writer->state.shape_word = transom_frame_word(sequence, slot);
  write_state(writer); /* its record fences put the shape before the word that names it */
  return 0;
}

/* ---- reader ---- */

void cursor_reader_init(struct transom_cursor_reader *reader, const struct transom_cursor_view *view) {
  *reader = (struct transom_cursor_reader){.view = *view};
}

bool cursor_reader_has_news(const struct transom_cursor_reader *reader) {
  return wire_load64(words(reader->view.state)) != reader->state_sequence;
}

static int bad(struct transom_cursor_reader *reader) {
  reader->bad++;
  return -EBADMSG;
}

static bool position_is_honest(int32_t position) { return position >= -CURSOR_POSITION_MAX && position <= CURSOR_POSITION_MAX; }

static bool shape_word_is_honest(uint64_t word, const struct transom_cursor_view *view) {
  if (word == 0)
    return true;
  return word >> (TRANSOM_SEQUENCE_BITS + 16) == 0 && transom_word_sequence(word) != 0 && transom_word_slot(word) < view->shape_count;
}

int cursor_reader_state(struct transom_cursor_reader *reader, struct transom_cursor_state *state) {
  struct transom_cursor_state copy;
  uint32_t tries = 0;
  while (!record_read(&copy, sizeof(copy), reader->view.state, reader->view.state_bytes))
    if (++tries == CURSOR_READER_TRIES)
      return -EAGAIN;
  if (copy.sequence_first == reader->state_sequence)
    return -EAGAIN;
  reader->state_sequence = copy.sequence_first; /* a bad one too: it is counted once, not at every look */
  if (!position_is_honest(copy.x) || !position_is_honest(copy.y) || !shape_word_is_honest(copy.shape_word, &reader->view))
    return bad(reader);
  *state = copy;
  return 0;
}

static void read_pixels(uint8_t *pixels, volatile uint8_t *from, uint32_t bytes) {
  for (uint32_t done = 0; done < bytes; done += 8) {
    uint64_t word = wire_load_body64(words(from + done));
    memcpy(pixels + done, &word, bytes - done < 8 ? bytes - done : 8);
  }
}

int cursor_reader_shape(struct transom_cursor_reader *reader, const struct transom_cursor_state *state, struct transom_cursor_shape *shape,
                        uint8_t *pixels) {
  uint64_t word = state->shape_word;
  if (word == 0)
    return -ENOENT;
  if (word == reader->shape_word)
    return -EALREADY;
  if (!shape_word_is_honest(word, &reader->view))
    return bad(reader);
  volatile uint8_t *from = shape_at(&reader->view, transom_word_slot(word));
  struct transom_cursor_shape copy;
  if (!record_read(&copy, sizeof(copy), from, reader->view.shape_record_bytes) || copy.sequence_first != transom_word_sequence(word))
    return -EAGAIN;
  if (validate_cursor_shape(&copy, &reader->view) != 0)
    return bad(reader);

  read_pixels(pixels, from + reader->view.shape_record_bytes, copy.data_bytes);
  wire_fence_load(WIRE_FENCE_RECORD_READ); /* pairs with WIRE_FENCE_RECORD_OPEN in write_shape() */
  if (wire_load64(words(from)) != copy.sequence_first)
    return -EAGAIN;
  reader->shape_word = word;
  *shape = copy;
  return 0;
}
