/* Everything that reads one guest's session: frame and cursor readers, imports, counters.
 *
 * One thread at a time: the frame thread while it waits for news, the presenting thread from news to frame_thread_done(). The hand-over
 * between the two is in frame_thread.c; nothing here locks. */
#ifndef TRANSOM_HOST_APP_FRAME_FEED_H
#define TRANSOM_HOST_APP_FRAME_FEED_H

#include "common/histogram.h"
#include "host/link/guest_link.h"
#include "host/present/frame_import.h"
#include "host/stats/latency_trace.h"

struct frame_feed_counts {
  uint64_t sequence;  /* of the frame shown last */
  uint64_t frames;    /* shown */
  uint64_t skipped;   /* published between two that we showed */
  uint64_t torn, bad; /* copies dropped; records refused */
  uint64_t cursor_moves;
  uint64_t wakeups;       /* returns from a sleep */
  uint64_t empty_wakeups; /* of these, without news */
  uint64_t uploaded_bytes;
  uint64_t banded; /* frames whose upload began before they were complete */
};

struct frame_feed {
  struct presenter *presenter;
  struct latency_trace *trace;   /* NULL = none is kept */
  struct guest_session *session; /* NULL: none */
  struct transom_frame_reader reader;
  struct transom_cursor_reader cursor_reader;
  bool has_cursor;
  struct frame_import frames;
  struct cursor_import cursor;
  bool stale;           /* the session's epoch has moved: wait for the next one */
  bool same_clock;      /* stamps are this host's */
  bool presented;       /* the newest frame has been drawn */
  uint64_t news_ns;     /* CLOCK_MONOTONIC_RAW: when the newest news was seen */
  uint64_t complete_ns; /* guest's stamp of the frame shown last */
  uint64_t moved_ns;    /* CLOCK_MONOTONIC: when the frame under way last had new rows */
  uint32_t moved_rows;
  struct frame_feed_counts counts;
  struct histogram publish_to_seen, publish_to_presented; /* ns, only when same_clock */
};

enum frame_feed_result {
  FRAME_FEED_NOTHING = 0,
  FRAME_FEED_PICTURE = 1,
  FRAME_FEED_CURSOR = 2,
  FRAME_FEED_REFUSED = 4, /* the presenter cannot take this picture */
  FRAME_FEED_PENDING = 8, /* a frame is being uploaded: step again soon */
  FRAME_FEED_BROKEN = 16, /* the presenter has failed: frame_feed_set_presenter() another */
};

/* A guest that stops in the middle of a frame for so long has lost our patience: that frame is taken when it is complete, if ever. */
#define FRAME_FEED_STALL_NS UINT64_C(100000000)

struct frame_feed *frame_feed_create(struct presenter *presenter, bool same_clock); /* NULL: out of memory */
void frame_feed_trace(struct frame_feed *feed, struct latency_trace *trace);        /* stamps go there from now on */
void frame_feed_destroy(struct frame_feed *feed);

/* Takes over the reference to `session` (NULL is fine) and drops the old one. */
void frame_feed_take_session(struct frame_feed *feed, struct guest_session *session);

/* The presenter's thread, once the old presenter reads nothing any more. The region is attached to the new one. */
void frame_feed_set_presenter(struct frame_feed *feed, struct presenter *presenter);

/* The presenter has lost its pictures: they are uploaded anew. */
void frame_feed_lost(struct frame_feed *feed);

/* Two loads. Data plane. */
bool frame_feed_has_news(const struct frame_feed *feed);

/* Imports the newest frame and cursor. Returns enum frame_feed_result bits. The presenter's thread. */
uint32_t frame_feed_step(struct frame_feed *feed);

/* The presenter was told at `submitted_ns` to draw what step() imported, and has done so; `source` says who knows. `picture`: as in
 * latency_trace_presented(). */
void frame_feed_presented(struct frame_feed *feed, uint64_t submitted_ns, uint64_t now_ns, enum latency_source source, uint64_t picture);

struct frame_feed_counts frame_feed_counts(const struct frame_feed *feed);

#endif
