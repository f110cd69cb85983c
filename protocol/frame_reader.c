#include "protocol/frame_reader.h"

#include "protocol/atomics.h"
#include "protocol/record.h"

#include <errno.h>
#include <string.h>

void frame_reader_init(struct transom_frame_reader *reader, struct transom_consumer *consumer) {
  memset(reader, 0, sizeof *reader);
  reader->consumer = consumer;
  reader->queue = &consumer->region->queues[consumer->head];
}

bool frame_reader_may_hold(const struct transom_queue_view *queue, uint32_t consumers_holding) {
  return consumers_holding < TRANSOM_SLOTS_MAX && queue->slot_count >= 2 + consumers_holding + 1;
}

static const volatile struct transom_progress *progress_of(const struct transom_frame_reader *reader, uint32_t slot) {
  return (const volatile struct transom_progress *)(reader->queue->progress + (size_t)slot * reader->queue->progress_bytes);
}

static uint64_t load_newest(const struct transom_frame_reader *reader, enum transom_acquire what) {
  return wire_load64(what == TRANSOM_ACQUIRE_COMPLETE ? &reader->queue->newest->complete : &reader->queue->newest->announced);
}

bool frame_reader_has_newer(const struct transom_frame_reader *reader, enum transom_acquire what, uint64_t sequence) {
  return transom_word_sequence(load_newest(reader, what)) > sequence;
}

/* ---- holds ---- */

static void drop_hold(struct transom_consumer *consumer) {
  if (consumer->hold == 0)
    return;
  consumer->hold = 0;
  if (validate_epoch(consumer->region))
    wire_publish64(&consumer->line->hold, 0);
}

static bool is_revoked(const struct transom_frame_reader *reader, uint64_t hold) {
  return hold != 0 && wire_load64(&reader->queue->revoked[reader->consumer->index]) == hold;
}

/* A heartbeat goes with each hold: the same frame held again after a pause would otherwise look like one silent hold. */
static int take_hold(struct transom_consumer *consumer, uint64_t word) {
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  consumer->hold = transom_hold_word(consumer->head, transom_word_sequence(word), transom_word_slot(word));
  wire_store64(&consumer->line->heartbeat, ++consumer->heartbeat);
  wire_store64(&consumer->line->hold, consumer->hold);
  wire_fence_full(WIRE_FENCE_HOLD); /* pairs with WIRE_FENCE_NEWEST in look_at_holds() */
  return 0;
}

/* ---- acquire ---- */

static bool slot_carries(const struct transom_frame_reader *reader, uint32_t slot, uint64_t sequence) {
  uint64_t word = wire_load64(&progress_of(reader, slot)->word);
  uint32_t state = transom_progress_state(word);
  return transom_progress_sequence(word) == sequence && (state == TRANSOM_FRAME_WRITING || state == TRANSOM_FRAME_COMPLETE);
}

static void read_stamps(const struct transom_frame_reader *reader, struct transom_frame *frame) {
  const volatile struct transom_progress *progress = progress_of(reader, frame->slot);
  if (reader->queue->progress_bytes < 24) /* an older minor without stamps */
    return;
  frame->copy_done_ns = wire_load64(&progress->copy_done_ns);
  frame->complete_ns = wire_load64(&progress->complete_ns);
}

/* The frame that `word` names, once it is ours to read. -EAGAIN: it moved meanwhile. */
static int read_frame(struct transom_frame_reader *reader, enum transom_acquire what, uint64_t word, struct transom_frame *frame) {
  const struct transom_queue_view *queue = reader->queue;
  struct transom_frame found = {.sequence = transom_word_sequence(word), .slot = transom_word_slot(word), .hold = reader->consumer->hold};
  const volatile uint8_t *record = queue->descriptors + (size_t)found.slot * queue->descriptor_bytes;

  bool whole = record_read(&found.descriptor, sizeof found.descriptor, record, queue->descriptor_bytes);
  if (!whole || found.descriptor.sequence_first != found.sequence || validate_descriptor(&found.descriptor, queue) < 0)
    return load_newest(reader, what) == word && slot_carries(reader, found.slot, found.sequence) ? -EBADMSG : -EAGAIN;
  found.pixels = queue->slots + found.slot * queue->slot_bytes;
  if (transom_progress_state(wire_load64(&progress_of(reader, found.slot)->word)) == TRANSOM_FRAME_COMPLETE)
    read_stamps(reader, &found);
  else if (what == TRANSOM_ACQUIRE_COMPLETE) /* an honest one was complete before its word said so: the slot moved on */
    return -EAGAIN;
  *frame = found;
  return 0;
}

/* One try at the newest frame. -EAGAIN: it moved while we announced our hold, follow it. -ENOENT: nothing newer. */
static int try_acquire(struct transom_frame_reader *reader, enum transom_acquire what, bool hold, uint64_t newer_than,
                       struct transom_frame *frame) {
  struct transom_consumer *consumer = reader->consumer;
  uint64_t word = load_newest(reader, what);
  uint64_t sequence = transom_word_sequence(word);
  uint32_t slot = transom_word_slot(word);
  if (sequence <= newer_than)
    return -ENOENT;
  if (slot >= reader->queue->slot_count || transom_frame_word(sequence, slot) != word)
    return -EBADMSG;
  /* A hold that was taken from us stays so: the same frame is then read without one. */
  if (hold && !is_revoked(reader, transom_hold_word(consumer->head, sequence, slot))) {
    int rc = take_hold(consumer, word);
    if (rc < 0)
      return rc;
  } else {
    drop_hold(consumer);
  }
  if (load_newest(reader, what) != word || !slot_carries(reader, slot, sequence))
    return -EAGAIN;
  return read_frame(reader, what, word, frame);
}

int frame_reader_acquire(struct transom_frame_reader *reader, enum transom_acquire what, bool hold, uint64_t newer_than,
                         struct transom_frame *frame) {
  if (!validate_epoch(reader->consumer->region))
    return -ESTALE;
  uint64_t held = reader->consumer->hold;
  int rc = -EAGAIN;
  for (uint32_t i = 0; i < FRAME_READER_TRIES && rc == -EAGAIN; i++)
    rc = try_acquire(reader, what, hold, newer_than, frame);
  if (rc == 0)
    return 0;
  if (reader->consumer->hold != held)
    drop_hold(reader->consumer);
  /* What looks dishonest is that only while the epoch stands: another agent may just be formatting. */
  if (!validate_epoch(reader->consumer->region))
    return -ESTALE;
  if (rc == -EBADMSG)
    reader->bad++;
  return rc == -ENOENT ? -EAGAIN : rc;
}

/* ---- while it is ours ---- */

enum transom_frame_state frame_reader_progress(struct transom_frame_reader *reader, struct transom_frame *frame, uint32_t *rows_valid) {
  uint64_t word = wire_load64(&progress_of(reader, frame->slot)->word);
  uint32_t state = transom_progress_state(word);
  uint32_t rows = transom_progress_rows(word), height = frame->descriptor.height;
  if (transom_progress_sequence(word) == frame->sequence && state == TRANSOM_FRAME_WRITING) {
    *rows_valid = rows < height ? rows : height;
    return TRANSOM_FRAME_WRITING;
  }
  if (transom_progress_sequence(word) == frame->sequence && state == TRANSOM_FRAME_COMPLETE) {
    read_stamps(reader, frame);
    *rows_valid = height;
    return TRANSOM_FRAME_COMPLETE;
  }
  *rows_valid = 0;
  return TRANSOM_FRAME_ABANDONED;
}

bool frame_reader_intact(struct transom_frame_reader *reader, const struct transom_frame *frame) {
  wire_fence_load(WIRE_FENCE_PIXELS_READ);
  bool intact =
      slot_carries(reader, frame->slot, frame->sequence) && !is_revoked(reader, frame->hold) && validate_epoch(reader->consumer->region);
  if (intact)
    reader->shown = frame->sequence;
  else
    reader->torn++;
  return intact;
}

void frame_reader_release(struct transom_frame_reader *reader, struct transom_frame *frame) {
  if (frame->hold != 0 && frame->hold == reader->consumer->hold)
    drop_hold(reader->consumer);
  if (reader->shown == frame->sequence && validate_epoch(reader->consumer->region))
    wire_store64(&reader->consumer->line->seen, frame->sequence);
  memset(frame, 0, sizeof *frame);
}

/* ---- damage ---- */

static void add_rects(struct transom_damage *damage, uint32_t flags, const struct transom_rect *rects, uint32_t count) {
  if (flags & TRANSOM_FRAME_FULL_DAMAGE)
    damage_set_full(damage);
  for (uint32_t i = 0; i < count; i++)
    damage_add(damage, rects[i]);
}

/* Adds the damage of complete frame `sequence` and says what that was relative to. False: the history does not know it (any more). */
static bool add_history(const struct transom_frame_reader *reader, const struct transom_frame *frame, uint64_t sequence,
                        struct transom_damage *damage, uint64_t *base_sequence) {
  const struct transom_queue_view *queue = reader->queue;
  struct transom_damage_history entry;
  const volatile uint8_t *record = queue->history + (size_t)(sequence % queue->history_count) * queue->history_bytes;
  if (!record_read(&entry, sizeof entry, record, queue->history_bytes) || entry.sequence_first != sequence)
    return false;
  if (validate_history(&entry, frame->descriptor.width, frame->descriptor.height) < 0)
    return false;
  add_rects(damage, entry.flags, entry.damage, entry.damage_count);
  *base_sequence = entry.base_sequence;
  return true;
}

/* From the frame back along the bases, until `since` is reached: each step goes to a lower sequence, at most history_count times. */
void frame_reader_damage(const struct transom_frame_reader *reader, const struct transom_frame *frame, uint64_t since,
                         struct transom_damage *damage) {
  damage_clear(damage);
  if (since == frame->sequence)
    return;
  add_rects(damage, frame->descriptor.flags, frame->descriptor.damage, frame->descriptor.damage_count);
  uint64_t base = frame->descriptor.base_sequence;
  for (uint32_t steps = 0; base > since && steps < reader->queue->history_count && !damage->full; steps++) {
    if (!add_history(reader, frame, base, damage, &base))
      damage_set_full(damage);
  }
  if (base != since || since == 0)
    damage_set_full(damage);
}
