/* A slot's life: free -> WRITING (claimed by its progress word) -> COMPLETE or ABANDONED -> free again as soon as it is neither the newest
 * complete frame nor held. "Free" is nowhere stored: begin() works it out from the consumers' lines each time. */
#include "protocol/frame_writer.h"

#include "protocol/atomics.h"
#include "protocol/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define NO_SLOT UINT32_MAX

static struct transom_queue_view *queue_of(const struct transom_frame_writer *writer) { return &writer->region->queues[writer->head]; }

static volatile struct transom_progress *progress_of(const struct transom_frame_writer *writer, uint32_t slot) {
  const struct transom_queue_view *queue = queue_of(writer);
  return (volatile struct transom_progress *)(queue->progress + (size_t)slot * queue->progress_bytes);
}

void frame_writer_init(struct transom_frame_writer *writer, struct transom_region *region, struct transom_consumers *consumers,
                       uint32_t head) {
  assert(head < region->head_count);
  assert(region->queues[head].descriptor_bytes == sizeof(struct transom_descriptor));
  assert(region->queues[head].progress_bytes == sizeof(struct transom_progress));
  memset(writer, 0, sizeof *writer);
  writer->region = region;
  writer->consumers = consumers;
  writer->head = head;
  writer->slot = NO_SLOT;
  for (uint32_t i = 0; i < TRANSOM_SLOTS_MAX; i++)
    damage_set_full(&writer->stale[i]);
}

/* ---- who holds what ---- */

static void revoke(struct transom_frame_writer *writer, uint32_t index, uint64_t hold) {
  writer->consumers->watch[index].revoked = hold;
  wire_publish64(&queue_of(writer)->revoked[index], hold);
  writer->consumers->holds_revoked++;
  if (writer->region->status)
    wire_publish64(&writer->region->status->holds_revoked, writer->consumers->holds_revoked);
}

/* A holder beats; a hold whose word and heartbeat both stand still is that of a dead or stopped consumer. */
static bool is_silent(struct transom_consumer_watch *watch, const struct transom_consumer_line *line, uint64_t now_ns) {
  if (watch->hold != line->hold || watch->heartbeat != line->heartbeat) {
    watch->hold = line->hold;
    watch->heartbeat = line->heartbeat;
    watch->changed_ns = now_ns;
  }
  return now_ns > watch->changed_ns && now_ns - watch->changed_ns >= TRANSOM_HOLD_SILENT_NS;
}

/* One look at every line: revokes silent holds and collects the slots that the others hold, as bits. */
static uint32_t look_at_holds(struct transom_frame_writer *writer, uint64_t now_ns, uint32_t *held) {
  uint32_t revoked = 0;
  *held = 0;
  wire_fence_full(WIRE_FENCE_NEWEST); /* pairs with WIRE_FENCE_HOLD in take_hold(): of my newest word and their hold, one is seen */
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    struct transom_consumer_watch *watch = &writer->consumers->watch[i];
    struct transom_consumer_line line;
    if (!consumers_line(writer->consumers, i, &line) || line.hold == 0 || transom_hold_head(line.hold) != writer->head)
      continue;
    if (line.hold == watch->revoked)
      continue;
    if (is_silent(watch, &line, now_ns)) {
      revoke(writer, i, line.hold);
      revoked++;
    } else if (transom_word_slot(line.hold) < queue_of(writer)->slot_count) {
      *held |= 1u << transom_word_slot(line.hold);
    }
  }
  return revoked;
}

uint32_t frame_writer_revoke_silent(struct transom_frame_writer *writer, uint64_t now_ns) {
  uint32_t held;
  return look_at_holds(writer, now_ns, &held);
}

/* ---- which slot, and what it lacks ---- */

static struct transom_frame_shape shape_of(const struct transom_frame_info *info) {
  return (struct transom_frame_shape){info->format,  info->flags & TRANSOM_FRAME_PQ, info->width, info->height, info->pitch_bytes,
                                      info->rotation};
}

static bool shapes_equal(const struct transom_frame_shape *a, const struct transom_frame_shape *b) {
  return a->format == b->format && a->flags == b->flags && a->width == b->width && a->height == b->height &&
         a->pitch_bytes == b->pitch_bytes && a->rotation == b->rotation;
}

/* Cheap upper bound of the pixels to copy: overlaps count twice. */
static uint64_t copy_cost(const struct transom_damage *damage) {
  uint64_t cost = 0;
  if (damage->full)
    return UINT64_MAX;
  for (uint32_t i = 0; i < damage->count; i++)
    cost += (uint64_t)damage->rects[i].width * damage->rects[i].height;
  return cost;
}

/* Of the free slots the one that lacks least. */
static uint32_t choose_slot(const struct transom_frame_writer *writer, uint32_t held) {
  uint32_t best = NO_SLOT;
  for (uint32_t i = 0; i < queue_of(writer)->slot_count; i++) {
    if (held & 1u << i || (writer->complete && transom_word_slot(writer->complete) == i))
      continue;
    if (best == NO_SLOT || copy_cost(&writer->stale[i]) < copy_cost(&writer->stale[best]))
      best = i;
  }
  return best;
}

static bool rect_fits(struct transom_rect rect, uint32_t width, uint32_t height) {
  return (uint32_t)rect.x + rect.width <= width && (uint32_t)rect.y + rect.height <= height;
}

static bool damage_fits(const struct transom_damage *damage, uint32_t width, uint32_t height) {
  if (damage->count > TRANSOM_DAMAGE_MAX)
    return false;
  for (uint32_t i = 0; i < damage->count; i++) {
    if (!rect_fits(damage->rects[i], width, height))
      return false;
  }
  return true;
}

static bool info_is_honest(const struct transom_frame_info *info, uint64_t slot_bytes) {
  uint32_t pixel_bytes = validate_format_bytes(info->format);
  return pixel_bytes != 0 && info->width >= 1 && info->width <= TRANSOM_WIDTH_MAX && info->height >= 1 &&
         info->height <= TRANSOM_HEIGHT_MAX && info->pitch_bytes % TRANSOM_PITCH_ALIGN == 0 &&
         info->pitch_bytes >= info->width * pixel_bytes && (uint64_t)info->pitch_bytes * info->height <= slot_bytes &&
         info->band_rows <= info->height && info->rotation <= 3 && damage_fits(&info->damage, info->width, info->height);
}

/* The frame's damage against the newest complete frame: the caller's and what skipped and abandoned frames left behind. */
static void settle_damage(struct transom_frame_writer *writer, const struct transom_frame_shape *shape) {
  struct transom_damage *damage = &writer->info.damage;
  damage_add_all(damage, &writer->pending);
  if (!writer->complete || !shapes_equal(shape, &writer->shapes[transom_word_slot(writer->complete)]) ||
      !damage_fits(damage, writer->info.width, writer->info.height))
    damage_set_full(damage);
}

/* ---- begin ---- */

static void write_descriptor(struct transom_frame_writer *writer, uint32_t slot) {
  const struct transom_queue_view *queue = queue_of(writer);
  const struct transom_frame_info *info = &writer->info;
  struct transom_descriptor record = {.format = info->format,
                                      .flags = info->flags & TRANSOM_FRAME_PQ,
                                      .width = info->width,
                                      .height = info->height,
                                      .pitch_bytes = info->pitch_bytes,
                                      .band_rows = info->band_rows,
                                      .base_sequence = transom_word_sequence(writer->complete),
                                      .acquired_ns = info->acquired_ns,
                                      .copy_started_ns = info->copy_started_ns,
                                      .rotation = info->rotation,
                                      .damage_count = info->damage.count};
  if (info->damage.full)
    record.flags |= TRANSOM_FRAME_FULL_DAMAGE;
  memcpy(record.damage, info->damage.rects, info->damage.count * sizeof record.damage[0]);
  record_write(queue->descriptors + (size_t)slot * queue->descriptor_bytes, &record, sizeof record, writer->sequence);
}

/* The claim precedes the first pixel, so that who reads without a hold finds out. It needs no fence of its own: begin() writes the
 * descriptor and announces it in between, and each of their four store fences orders the two. */
static void claim(struct transom_frame_writer *writer, uint32_t slot) {
  writer->slot = slot;
  writer->sequence++;
  assert(writer->sequence <= TRANSOM_SEQUENCE_MAX);
  wire_store64(&progress_of(writer, slot)->word, transom_progress_word(writer->sequence, TRANSOM_FRAME_WRITING, 0));
}

static int skip(struct transom_frame_writer *writer, const struct transom_frame_info *info) {
  damage_add_all(&writer->pending, &info->damage);
  writer->skipped++;
  writer->consumers->frames_skipped++;
  if (writer->region->status)
    wire_publish64(&writer->region->status->frames_skipped, writer->consumers->frames_skipped);
  return -EBUSY;
}

int frame_writer_begin(struct transom_frame_writer *writer, const struct transom_frame_info *info, uint64_t now_ns,
                       volatile uint8_t **pixels, struct transom_damage *copy) {
  const struct transom_queue_view *queue = queue_of(writer);
  assert(writer->slot == NO_SLOT);
  if (!info_is_honest(info, queue->slot_bytes))
    return -EINVAL;
  uint32_t held;
  look_at_holds(writer, now_ns, &held);
  uint32_t slot = choose_slot(writer, held);
  if (slot == NO_SLOT)
    return skip(writer, info);

  struct transom_frame_shape shape = shape_of(info);
  writer->info = *info;
  settle_damage(writer, &shape);
  if (!shapes_equal(&shape, &writer->shapes[slot]))
    damage_set_full(&writer->stale[slot]);
  writer->shapes[slot] = shape;

  claim(writer, slot);
  write_descriptor(writer, slot);
  wire_publish64(&queue->newest->announced, transom_frame_word(writer->sequence, slot));

  *copy = writer->stale[slot];
  damage_add_all(copy, &writer->info.damage);
  *pixels = queue->slots + slot * queue->slot_bytes;
  return 0;
}

/* ---- the end of a frame ---- */

static void publish_progress(struct transom_frame_writer *writer, enum transom_frame_state state, uint32_t rows_valid) {
  wire_publish64(&progress_of(writer, writer->slot)->word, transom_progress_word(writer->sequence, state, rows_valid));
}

void frame_writer_rows(struct transom_frame_writer *writer, uint32_t rows_valid) {
  assert(writer->slot != NO_SLOT && rows_valid <= writer->info.height);
  publish_progress(writer, TRANSOM_FRAME_WRITING, rows_valid);
}

static void write_history(struct transom_frame_writer *writer) {
  const struct transom_queue_view *queue = queue_of(writer);
  const struct transom_damage *damage = &writer->info.damage;
  if (queue->history_count == 0)
    return;
  struct transom_damage_history record = {.base_sequence = transom_word_sequence(writer->complete),
                                          .flags = damage->full ? TRANSOM_FRAME_FULL_DAMAGE : 0,
                                          .damage_count = damage->count};
  memcpy(record.damage, damage->rects, damage->count * sizeof record.damage[0]);
  record_write(queue->history + (size_t)(writer->sequence % queue->history_count) * queue->history_bytes, &record, sizeof record,
               writer->sequence);
}

void frame_writer_complete(struct transom_frame_writer *writer, uint64_t copy_done_ns, uint64_t complete_ns) {
  assert(writer->slot != NO_SLOT);
  volatile struct transom_progress *progress = progress_of(writer, writer->slot);
  wire_store64(&progress->copy_done_ns, copy_done_ns);
  wire_store64(&progress->complete_ns, complete_ns);
  publish_progress(writer, TRANSOM_FRAME_COMPLETE, writer->info.height);
  write_history(writer);
  writer->complete = transom_frame_word(writer->sequence, writer->slot);
  wire_publish64(&queue_of(writer)->newest->complete, writer->complete);

  for (uint32_t i = 0; i < queue_of(writer)->slot_count; i++)
    damage_add_all(&writer->stale[i], &writer->info.damage);
  damage_clear(&writer->stale[writer->slot]);
  damage_clear(&writer->pending);
  writer->slot = NO_SLOT;
}

/* The newest announced frame is the complete one again: a consumer that waits for announcements must not find this one for ever. */
void frame_writer_abandon(struct transom_frame_writer *writer) {
  assert(writer->slot != NO_SLOT);
  publish_progress(writer, TRANSOM_FRAME_ABANDONED, 0);
  wire_publish64(&queue_of(writer)->newest->announced, writer->complete);
  damage_set_full(&writer->stale[writer->slot]);
  writer->pending = writer->info.damage;
  writer->slot = NO_SLOT;
}
