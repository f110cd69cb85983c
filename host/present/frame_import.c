#include "host/present/frame_import.h"

#include "common/clock.h"
#include "host/stats/latency_trace.h"

#include <errno.h>
#include <string.h>

bool presenter_picture_equal(const struct presenter_picture *one, const struct presenter_picture *other) {
  return one->width == other->width && one->height == other->height && one->format == other->format && one->flags == other->flags &&
         one->rotation == other->rotation;
}

bool presenter_picture_is_pq(const struct presenter_picture *picture) {
  return picture->format == TRANSOM_FORMAT_RGB10A2 && picture->flags & TRANSOM_FRAME_PQ;
}

void frame_import_init(struct frame_import *import, struct presenter *presenter) {
  memset(import, 0, sizeof *import);
  import->presenter = presenter;
}

void frame_import_forget(struct frame_import *import) {
  import->under_way = false;
  import->incoming.sequence = 0;
  import->shown.sequence = 0;
  import->given_up = 0;
}

static struct presenter_picture picture_of(const struct transom_descriptor *descriptor) {
  return (struct presenter_picture){.width = descriptor->width,
                                    .height = descriptor->height,
                                    .format = (enum transom_format)descriptor->format,
                                    .flags = descriptor->flags & TRANSOM_FRAME_PQ,
                                    .rotation = descriptor->rotation};
}

static void set_whole(struct transom_damage *damage, const struct presenter_picture *picture) {
  damage_clear(damage);
  damage->rects[0] = (struct transom_rect){0, 0, (uint16_t)picture->width, (uint16_t)picture->height};
  damage->count = 1;
  damage->full = true;
}

static enum frame_import_result result_of(enum presenter_result result) {
  return result == PRESENTER_LOST ? FRAME_IMPORT_LOST : result == PRESENTER_FAILED ? FRAME_IMPORT_FAILED : FRAME_IMPORT_PENDING;
}

void frame_import_give_up(struct frame_import *import, struct transom_frame_reader *reader, bool for_good) {
  if (!import->under_way)
    return;
  import->under_way = false;
  if (for_good)
    import->given_up = import->frame.sequence;
  import->lacking = import->damage;
  frame_reader_release(reader, &import->frame);
}

void frame_import_lost(struct frame_import *import, struct transom_frame_reader *reader) {
  frame_import_give_up(import, reader, false);
  frame_import_forget(import);
}

static uint64_t newest_followed(const struct frame_import *import) {
  return import->given_up > import->shown.sequence ? import->given_up : import->shown.sequence;
}

/* What there is to take. A complete frame that was not shown yet goes before an announced one: that may never be completed. */
static bool look(const struct frame_import *import, const struct transom_frame_reader *reader, enum transom_acquire *what,
                 uint64_t *newer_than) {
  *what = TRANSOM_ACQUIRE_COMPLETE;
  *newer_than = import->shown.sequence;
  if (frame_reader_has_newer(reader, *what, *newer_than))
    return true;
  *what = TRANSOM_ACQUIRE_ANNOUNCED;
  *newer_than = newest_followed(import);
  return import->presenter->impl->follows_bands && frame_reader_has_newer(reader, *what, *newer_than);
}

bool frame_import_has_news(const struct frame_import *import, const struct transom_frame_reader *reader) {
  enum transom_acquire what;
  uint64_t newer_than;
  return import->under_way || look(import, reader, &what, &newer_than);
}

bool frame_import_is_waiting(const struct frame_import *import) {
  return import->under_way && import->rows_done < import->frame.descriptor.height;
}

/* Incoming gets the frame's shape, and what it lacks of shown; `damage` becomes what is left to upload. From here until the caller knows
 * that the copy was whole, incoming holds nothing of worth. */
static enum frame_import_result prepare(struct frame_import *import, const struct transom_frame_reader *reader) {
  const struct presenter_impl *impl = import->presenter->impl;
  struct presenter_picture picture = picture_of(&import->frame.descriptor);
  const struct frame_import_image *base = impl->level ? &import->shown : &import->incoming;
  bool same_shape = presenter_picture_equal(&picture, &import->incoming.picture);
  uint64_t since = presenter_picture_equal(&picture, &base->picture) ? base->sequence : 0;
  frame_reader_damage(reader, &import->frame, since, &import->damage);
  if (import->damage.full || since == 0)
    set_whole(&import->damage, &picture);
  import->rows_done = 0;
  import->incoming.sequence = 0;
  int error = impl->begin_frame(import->presenter, &picture);
  if (error) {
    set_whole(&import->damage, &import->incoming.picture);
    return FRAME_IMPORT_REFUSED;
  }
  if (!same_shape)
    set_whole(&import->lacking, &picture);
  import->incoming.picture = picture;
  if (!impl->level || import->damage.full || import->lacking.count == 0)
    return FRAME_IMPORT_PENDING;
  return result_of(impl->level(import->presenter, import->lacking.rects, import->lacking.count));
}

static void stamp(struct frame_import *import, enum latency_host_stage stage) {
  if (import->trace)
    latency_trace_stamp(import->trace, stage, clock_raw_ns());
}

static enum frame_import_result begin(struct frame_import *import, struct transom_frame_reader *reader, bool may_hold) {
  enum transom_acquire what;
  uint64_t newer_than;
  if (!look(import, reader, &what, &newer_than))
    return validate_epoch(reader->consumer->region) ? FRAME_IMPORT_NOTHING : FRAME_IMPORT_STALE;
  int error = frame_reader_acquire(reader, what, may_hold, newer_than, &import->frame);
  if (error)
    return error == -ESTALE ? FRAME_IMPORT_STALE : error == -EBADMSG ? FRAME_IMPORT_DROPPED : FRAME_IMPORT_NOTHING;
  import->under_way = true;
  import->is_banded = what == TRANSOM_ACQUIRE_ANNOUNCED && import->frame.complete_ns == 0;
  import->banded += import->is_banded;
  latency_trace_drop(import->trace); /* what was given up before */
  stamp(import, LATENCY_UPLOAD_STARTED);
  return prepare(import, reader);
}

/* The damage in rows [rows_done, end). */
static enum presenter_result upload_rows(struct frame_import *import, uint32_t end) {
  struct transom_rect rects[TRANSOM_DAMAGE_MAX];
  uint32_t count = 0, top = import->rows_done, pixel_bytes = validate_format_bytes(import->incoming.picture.format);
  for (uint32_t i = 0; i < import->damage.count; i++) {
    struct transom_rect rect = import->damage.rects[i];
    uint32_t first = rect.y > top ? rect.y : top, last = (uint32_t)rect.y + rect.height < end ? (uint32_t)rect.y + rect.height : end;
    if (first >= last)
      continue;
    rects[count++] = (struct transom_rect){rect.x, (uint16_t)first, rect.width, (uint16_t)(last - first)};
    import->uploaded_bytes += (uint64_t)rect.width * (last - first) * pixel_bytes;
  }
  import->rows_done = end;
  if (count == 0)
    return PRESENTER_OK;
  return import->presenter->impl->upload(import->presenter, import->frame.pixels, import->frame.descriptor.pitch_bytes, rects, count);
}

static void commit(struct frame_import *import, uint64_t sequence) {
  struct frame_import_image before = import->shown;
  import->presenter->impl->commit(import->presenter);
  import->shown = import->incoming;
  import->shown.sequence = sequence;
  import->incoming = before;
  import->lacking = import->damage;
}

static enum frame_import_result drop(struct frame_import *import, struct transom_frame_reader *reader) {
  frame_import_give_up(import, reader, false);
  return validate_epoch(reader->consumer->region) ? FRAME_IMPORT_DROPPED : FRAME_IMPORT_STALE;
}

/* Everything is uploaded: was it whole? */
static enum frame_import_result finish(struct frame_import *import, struct transom_frame_reader *reader, struct transom_frame *frame) {
  bool intact = frame_reader_intact(reader, &import->frame) && !(import->cut && atomic_load(import->cut));
  *frame = import->frame; /* what release() forgets */
  frame->pixels = NULL;
  if (!intact)
    return drop(import, reader);
  stamp(import, LATENCY_UPLOADED);
  commit(import, frame->sequence);
  frame_import_give_up(import, reader, false);
  return FRAME_IMPORT_SHOWN;
}

static enum frame_import_result advance(struct frame_import *import, struct transom_frame_reader *reader, struct transom_frame *frame) {
  const struct presenter_impl *impl = import->presenter->impl;
  uint32_t height = import->frame.descriptor.height, rows;
  enum transom_frame_state state = frame_reader_progress(reader, &import->frame, &rows);
  enum presenter_result result = PRESENTER_OK;
  if (state == TRANSOM_FRAME_ABANDONED) {        /* or the slot is another frame's by now */
    frame_reader_intact(reader, &import->frame); /* counts it */
    return drop(import, reader);
  }
  if (rows > import->rows_done && (state == TRANSOM_FRAME_COMPLETE || rows - import->rows_done >= height / FRAME_IMPORT_BANDS))
    result = upload_rows(import, rows);
  if (result == PRESENTER_OK && state == TRANSOM_FRAME_WRITING)
    return FRAME_IMPORT_PENDING;
  if (result == PRESENTER_OK && impl->finish_upload)
    result = impl->finish_upload(import->presenter, FRAME_IMPORT_WAIT_NS);
  return result == PRESENTER_OK ? finish(import, reader, frame) : result_of(result);
}

enum frame_import_result frame_import_step(struct frame_import *import, struct transom_frame_reader *reader, bool may_hold,
                                           struct transom_frame *frame) {
  enum frame_import_result result = FRAME_IMPORT_PENDING;
  if (!import->under_way)
    result = begin(import, reader, may_hold);
  if (result == FRAME_IMPORT_PENDING)
    result = advance(import, reader, frame);
  if (result == FRAME_IMPORT_LOST)
    frame_import_lost(import, reader);
  else if (result == FRAME_IMPORT_REFUSED || result == FRAME_IMPORT_FAILED)
    frame_import_give_up(import, reader, false);
  return result;
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
