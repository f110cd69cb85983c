#include "host/present/frame_import.h"

#include "common/clock.h"
#include "host/stats/latency_trace.h"

#include <errno.h>
#include <string.h>

bool presenter_picture_equal(const struct presenter_picture *one, const struct presenter_picture *other) {
  return one->width == other->width && one->height == other->height && one->format == other->format && one->flags == other->flags &&
         one->rotation == other->rotation;
}

void frame_import_init(struct frame_import *import, struct presenter *presenter) {
  memset(import, 0, sizeof *import);
  import->presenter = presenter;
}

void frame_import_forget(struct frame_import *import) {
  import->incoming.sequence = 0;
  import->shown.sequence = 0;
}

static struct presenter_picture picture_of(const struct transom_descriptor *descriptor) {
  return (struct presenter_picture){.width = descriptor->width,
                                    .height = descriptor->height,
                                    .format = (enum transom_format)descriptor->format,
                                    .flags = descriptor->flags & TRANSOM_FRAME_PQ,
                                    .rotation = descriptor->rotation};
}

static uint64_t rects_bytes(const struct transom_rect *rects, uint32_t count, uint32_t pixel_bytes) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++)
    bytes += (uint64_t)rects[i].width * rects[i].height * pixel_bytes;
  return bytes;
}

/* Brings incoming to `frame`. From here until the caller knows that the copy was whole, incoming holds nothing of worth. */
static bool upload(struct frame_import *import, struct transom_frame_reader *reader, const struct transom_frame *frame) {
  const struct presenter_impl *impl = import->presenter->impl;
  struct presenter_picture picture = picture_of(&frame->descriptor);
  uint64_t since = presenter_picture_equal(&picture, &import->incoming.picture) ? import->incoming.sequence : 0;
  import->incoming.sequence = 0;
  if (impl->begin_frame(import->presenter, &picture) != 0)
    return false;
  import->incoming.picture = picture;
  struct transom_damage damage;
  frame_reader_damage(reader, frame, since, &damage);
  if (damage.full || since == 0) {
    damage.rects[0] = (struct transom_rect){0, 0, (uint16_t)picture.width, (uint16_t)picture.height};
    damage.count = 1;
  }
  if (damage.count == 0)
    return true;
  import->uploaded_bytes += rects_bytes(damage.rects, damage.count, validate_format_bytes(picture.format));
  return impl->upload(import->presenter, frame->pixels, frame->descriptor.pitch_bytes, damage.rects, damage.count);
}

static void commit(struct frame_import *import, uint64_t sequence) {
  struct frame_import_image before = import->shown;
  import->presenter->impl->commit(import->presenter);
  import->shown = import->incoming;
  import->shown.sequence = sequence;
  import->incoming = before;
}

static void stamp(struct frame_import *import, enum latency_host_stage stage) {
  if (import->trace)
    latency_trace_stamp(import->trace, stage, clock_raw_ns());
}

enum frame_import_result frame_import_step(struct frame_import *import, struct transom_frame_reader *reader, bool may_hold,
                                           struct transom_frame *frame) {
  struct transom_frame held;
  int error = frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, may_hold, import->shown.sequence, &held);
  if (error)
    return error == -ESTALE ? FRAME_IMPORT_STALE : error == -EBADMSG ? FRAME_IMPORT_DROPPED : FRAME_IMPORT_NOTHING;
  stamp(import, LATENCY_UPLOAD_STARTED);
  bool uploaded = upload(import, reader, &held);
  bool intact = frame_reader_intact(reader, &held);
  if (uploaded && intact)
    stamp(import, LATENCY_UPLOADED);
  else
    latency_trace_drop(import->trace);
  if (uploaded && intact)
    commit(import, held.sequence);
  *frame = held; /* what release() forgets */
  frame->pixels = NULL;
  frame_reader_release(reader, &held);
  if (!intact)
    return validate_epoch(reader->consumer->region) ? FRAME_IMPORT_DROPPED : FRAME_IMPORT_STALE;
  return uploaded ? FRAME_IMPORT_SHOWN : FRAME_IMPORT_FAILED;
}

void cursor_import_init(struct cursor_import *import, struct presenter *presenter) {
  import->presenter = presenter;
  import->state = (struct transom_cursor_state){0};
  import->shape_missing = false;
}

static enum cursor_import_result import_shape(struct cursor_import *import, struct transom_cursor_reader *reader) {
  struct transom_cursor_shape shape;
  int error = cursor_reader_shape(reader, &import->state, &shape, import->pixels);
  if (error == 0)
    import->presenter->impl->cursor_shape(import->presenter, &shape, import->pixels);
  import->shape_missing = error == -EAGAIN;
  return error == -EAGAIN ? CURSOR_IMPORT_AGAIN : error == -EBADMSG ? CURSOR_IMPORT_BROKEN : CURSOR_IMPORT_MOVED;
}

enum cursor_import_result cursor_import_step(struct cursor_import *import, struct transom_cursor_reader *reader) {
  int error = cursor_reader_state(reader, &import->state);
  if (error == -EBADMSG)
    return CURSOR_IMPORT_BROKEN;
  if (error && !import->shape_missing)
    return CURSOR_IMPORT_NOTHING;
  bool visible = import->state.flags & TRANSOM_CURSOR_VISIBLE;
  enum cursor_import_result result = visible ? import_shape(import, reader) : CURSOR_IMPORT_MOVED;
  import->presenter->impl->cursor_move(import->presenter, import->state.x, import->state.y, visible);
  return result;
}
