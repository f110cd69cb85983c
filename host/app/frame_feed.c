#include "host/app/frame_feed.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

/* Whoever sleeps until the doorbell wants to know of a frame as early as it can use it. */
static uint32_t wake_mask(const struct frame_feed *feed) {
  return feed->presenter->impl->follows_bands ? GUEST_SESSION_WAKES | TRANSOM_WAKE_ANNOUNCED : GUEST_SESSION_WAKES;
}

static void detach(struct frame_feed *feed) {
  if (feed->presenter->impl->region)
    feed->presenter->impl->region(feed->presenter, NULL);
}

/* Tells the presenter where pictures lie. One mapping may see many sessions: the presenter knows it again by its address, because the old
 * session still keeps it mapped when the new one is attached. */
static void attach(struct frame_feed *feed) {
  struct guest_session *session = feed->session;
  consumer_wake_on(&session->consumer, wake_mask(feed));
  if (!feed->presenter->impl->region)
    return;
  const struct transom_queue_view *queue = &session->region.queues[session->consumer.head];
  struct presenter_region region = {.base = session->region.base,
                                    .bytes = session->region.mapped_bytes,
                                    .fd = session->memory_fd,
                                    .slots_offset = (uint64_t)(queue->slots - session->region.base),
                                    .slot_bytes = queue->slot_bytes,
                                    .slot_count = queue->slot_count};
  if (consumer_trial(&session->consumer, clock_raw_ns(), &region.trial_offset, region.trial) == 0)
    feed->presenter->impl->region(feed->presenter, &region);
}

struct frame_feed *frame_feed_create(struct presenter *presenter, bool same_clock) {
  struct frame_feed *feed = calloc(1, sizeof *feed);
  if (!feed)
    return NULL;
  feed->presenter = presenter;
  feed->same_clock = same_clock;
  feed->presented = true;
  frame_import_init(&feed->frames, presenter);
  cursor_import_init(&feed->cursor, presenter);
  histogram_clear(&feed->publish_to_seen);
  histogram_clear(&feed->publish_to_presented);
  return feed;
}

void frame_feed_destroy(struct frame_feed *feed) {
  if (!feed)
    return;
  detach(feed);
  guest_session_release(feed->session);
  free(feed);
}

static void read_session(struct frame_feed *feed, struct guest_session *session) {
  const struct transom_cursor_view *cursor = &session->region.cursors[session->consumer.head];
  frame_reader_init(&feed->reader, &session->consumer);
  feed->frames.cut = session->memory_cut;
  feed->has_cursor = cursor->state != NULL;
  if (feed->has_cursor)
    cursor_reader_init(&feed->cursor_reader, cursor);
  feed->presenter->impl->cursor_move(feed->presenter, 0, 0, false);
  attach(feed);
}

void frame_feed_take_session(struct frame_feed *feed, struct guest_session *session) {
  struct guest_session *before = feed->session;
  if (before) {
    feed->counts.torn += feed->reader.torn;
    feed->counts.bad += feed->reader.bad + (feed->has_cursor ? feed->cursor_reader.bad : 0);
    frame_import_give_up(&feed->frames, &feed->reader, false);
  }
  feed->session = session;
  feed->stale = false;
  feed->has_cursor = false;
  feed->frames.cut = NULL;
  frame_import_forget(&feed->frames);
  cursor_import_init(&feed->cursor, feed->presenter);
  if (session)
    read_session(feed, session);
  else
    detach(feed);
  guest_session_release(before);
}

void frame_feed_lost(struct frame_feed *feed) {
  if (feed->session)
    frame_import_lost(&feed->frames, &feed->reader);
}

void frame_feed_set_presenter(struct frame_feed *feed, struct presenter *presenter) {
  uint64_t uploaded_bytes = feed->frames.uploaded_bytes, banded = feed->frames.banded;
  const atomic_bool *cut = feed->frames.cut;
  frame_feed_lost(feed);
  feed->presenter = presenter;
  frame_import_init(&feed->frames, presenter);
  feed->frames.uploaded_bytes = uploaded_bytes;
  feed->frames.banded = banded;
  feed->frames.cut = cut;
  feed->frames.trace = feed->trace;
  cursor_import_init(&feed->cursor, presenter);
  if (!feed->session)
    return;
  if (feed->has_cursor) /* its newest state is news again */
    cursor_reader_init(&feed->cursor_reader, &feed->session->region.cursors[feed->session->consumer.head]);
  attach(feed);
}

bool frame_feed_has_news(const struct frame_feed *feed) {
  if (!feed->session || feed->stale)
    return false;
  return frame_import_has_news(&feed->frames, &feed->reader) ||
         (feed->has_cursor && (feed->cursor.shape_missing || cursor_reader_has_news(&feed->cursor_reader)));
}

void frame_feed_trace(struct frame_feed *feed, struct latency_trace *trace) {
  feed->trace = trace;
  feed->frames.trace = trace;
}

static void trace_shown(struct frame_feed *feed, const struct transom_frame *frame, uint64_t before) {
  struct latency_frame traced = {
      .epoch = feed->session->region.epoch,
      .sequence = frame->sequence,
      .guest_ns = {frame->descriptor.acquired_ns, frame->descriptor.copy_started_ns, frame->copy_done_ns, frame->complete_ns},
      .host_ns = {feed->news_ns},
      .skipped = before && frame->sequence > before ? frame->sequence - before - 1 : 0,
      .first = before == 0,
      .banded = feed->frames.is_banded};
  latency_trace_shown(feed->trace, &traced);
}

static void count_shown(struct frame_feed *feed, const struct transom_frame *frame, uint64_t before) {
  trace_shown(feed, frame, before);
  feed->counts.frames++;
  feed->counts.sequence = frame->sequence;
  if (before && frame->sequence > before)
    feed->counts.skipped += frame->sequence - before - 1;
  /* A session's first frame was complete before we came: its age is no latency. */
  feed->complete_ns = before ? frame->complete_ns : 0;
  feed->presented = false;
  /* A frame that was completed after we looked has no such time either: the news was of the one before it. */
  if (feed->same_clock && feed->complete_ns && feed->news_ns >= frame->complete_ns)
    histogram_add(&feed->publish_to_seen, feed->news_ns - frame->complete_ns);
}

/* A frame that does not move on is let go. */
static void watch_progress(struct frame_feed *feed) {
  uint64_t now_ns = clock_monotonic_ns();
  if (feed->moved_rows != feed->frames.rows_done || feed->moved_ns == 0) {
    feed->moved_rows = feed->frames.rows_done;
    feed->moved_ns = now_ns;
  } else if (now_ns - feed->moved_ns > FRAME_FEED_STALL_NS && frame_import_is_waiting(&feed->frames)) {
    frame_import_give_up(&feed->frames, &feed->reader, true);
  }
}

static uint32_t step_frame(struct frame_feed *feed) {
  struct transom_frame frame;
  uint64_t before = feed->frames.shown.sequence;
  if (!feed->frames.under_way)
    feed->moved_ns = 0;
  switch (frame_import_step(&feed->frames, &feed->reader, feed->session->may_hold, &frame)) {
  case FRAME_IMPORT_SHOWN:
    count_shown(feed, &frame, before);
    return FRAME_FEED_PICTURE;
  case FRAME_IMPORT_STALE:
    feed->stale = true;
    return FRAME_FEED_NOTHING;
  case FRAME_IMPORT_REFUSED:
    return FRAME_FEED_REFUSED;
  case FRAME_IMPORT_FAILED:
    return FRAME_FEED_BROKEN;
  case FRAME_IMPORT_PENDING:
    watch_progress(feed);
    return FRAME_FEED_PENDING;
  case FRAME_IMPORT_LOST:
    return FRAME_FEED_PENDING;
  case FRAME_IMPORT_NOTHING:
  case FRAME_IMPORT_DROPPED:
    return FRAME_FEED_NOTHING;
  }
  return FRAME_FEED_NOTHING;
}

uint32_t frame_feed_step(struct frame_feed *feed) {
  if (!feed->session || feed->stale)
    return FRAME_FEED_NOTHING;
  uint32_t result = step_frame(feed);
  if (feed->has_cursor && !feed->stale && cursor_import_step(&feed->cursor, &feed->cursor_reader) == CURSOR_IMPORT_MOVED) {
    feed->counts.cursor_moves++;
    result |= FRAME_FEED_CURSOR;
  }
  return result;
}

void frame_feed_presented(struct frame_feed *feed, uint64_t submitted_ns, uint64_t now_ns, enum latency_source source, uint64_t picture) {
  if (feed->presented)
    return;
  latency_trace_presented(feed->trace, submitted_ns, now_ns, source, picture);
  feed->presented = true;
  if (feed->same_clock && feed->complete_ns && now_ns >= feed->complete_ns)
    histogram_add(&feed->publish_to_presented, now_ns - feed->complete_ns);
}

struct frame_feed_counts frame_feed_counts(const struct frame_feed *feed) {
  struct frame_feed_counts counts = feed->counts;
  if (feed->session) {
    counts.torn += feed->reader.torn;
    counts.bad += feed->reader.bad + (feed->has_cursor ? feed->cursor_reader.bad : 0);
  }
  counts.uploaded_bytes = feed->frames.uploaded_bytes;
  counts.banded = feed->frames.banded;
  return counts;
}
