#include "host/app/frame_feed.h"

#include <stdlib.h>

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
  guest_session_release(feed->session);
  free(feed);
}

void frame_feed_take_session(struct frame_feed *feed, struct guest_session *session) {
  if (feed->session) {
    feed->counts.torn += feed->reader.torn;
    feed->counts.bad += feed->reader.bad + (feed->has_cursor ? feed->cursor_reader.bad : 0);
  }
  guest_session_release(feed->session);
  feed->session = session;
  feed->stale = false;
  feed->has_cursor = false;
  frame_import_forget(&feed->frames);
  cursor_import_init(&feed->cursor, feed->presenter);
  if (!session)
    return;
  const struct transom_cursor_view *cursor = &session->region.cursors[session->consumer.head];
  frame_reader_init(&feed->reader, &session->consumer);
  feed->has_cursor = cursor->state != NULL;
  if (feed->has_cursor)
    cursor_reader_init(&feed->cursor_reader, cursor);
  feed->presenter->impl->cursor_move(feed->presenter, 0, 0, false);
}

bool frame_feed_has_news(const struct frame_feed *feed) {
  if (!feed->session || feed->stale)
    return false;
  return frame_reader_has_newer(&feed->reader, TRANSOM_ACQUIRE_COMPLETE, feed->frames.shown.sequence) ||
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
      .first = before == 0};
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

static uint32_t step_frame(struct frame_feed *feed) {
  struct transom_frame frame;
  uint64_t before = feed->frames.shown.sequence;
  switch (frame_import_step(&feed->frames, &feed->reader, feed->session->may_hold, &frame)) {
  case FRAME_IMPORT_SHOWN:
    count_shown(feed, &frame, before);
    return FRAME_FEED_PICTURE;
  case FRAME_IMPORT_STALE:
    feed->stale = true;
    return FRAME_FEED_NOTHING;
  case FRAME_IMPORT_FAILED:
    return FRAME_FEED_FAILED;
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

void frame_feed_presented(struct frame_feed *feed, uint64_t submitted_ns, uint64_t now_ns, enum latency_source source) {
  if (feed->presented)
    return;
  latency_trace_presented(feed->trace, submitted_ns, now_ns, source);
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
  return counts;
}
