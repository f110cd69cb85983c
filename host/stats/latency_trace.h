/* When each frame passed each stage, in a fixed ring from the thread that has the frames to the one that makes figures of them.
 *
 * A frame is *open* from the first stamp of its upload until it was presented or replaced; two may be open at once, one that is uploaded
 * and one that waits for the display. Some more may wait for what the window system tells. Stamping allocates, locks and logs nothing, and
 * every call takes NULL for "no trace". Data plane.
 *
 * Threads: create and destroy while nobody else calls; latency_trace_take() on one thread; everything else on whichever thread has the
 * frame feed in its hands (host/app/frame_feed.h: one at a time, handed over with a semaphore). */
#ifndef TRANSOM_HOST_STATS_LATENCY_TRACE_H
#define TRANSOM_HOST_STATS_LATENCY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define LATENCY_TRACE_AWAITED 16u  /* drawn, and the window system is to tell more; one more and the oldest stays as it was */
#define LATENCY_TRACE_FRAMES 1024u /* a power of two: four seconds at 240 frames a second between two takes */

enum latency_guest_stage { LATENCY_ACQUIRED, LATENCY_COPY_STARTED, LATENCY_COPY_DONE, LATENCY_COMPLETE, LATENCY_GUEST_STAGES };

enum latency_host_stage {
  LATENCY_SEEN,           /* the news was in our hands: of a frame, or of its announcement */
  LATENCY_UPLOAD_STARTED, /* acquired; the first byte is about to be read */
  LATENCY_UPLOADED,       /* the last byte was read, and the picture is whole */
  LATENCY_SUBMITTED,      /* the presenter was told to draw it */
  LATENCY_PRESENTED,      /* see the source */
  LATENCY_HOST_STAGES
};

/* Who says that a frame was presented. No source here knows when light left a display. */
enum latency_source {
  LATENCY_SOURCE_NONE,     /* never presented: a newer one came first */
  LATENCY_SOURCE_HEADLESS, /* there is no display: the presenter returned */
  LATENCY_SOURCE_CALL,     /* the call that hands the picture to the window system returned */
  LATENCY_SOURCE_FEEDBACK  /* the window system said when it was shown */
};

struct latency_frame {
  uint64_t epoch, sequence;
  uint64_t guest_ns[LATENCY_GUEST_STAGES]; /* guest clock, as the guest says; 0 = not stamped */
  uint64_t host_ns[LATENCY_HOST_STAGES];   /* CLOCK_MONOTONIC_RAW; 0 = not stamped */
  uint64_t skipped;                        /* published since the frame before it, and never taken */
  uint8_t source;                          /* enum latency_source */
  bool first;                              /* of its session: it was there before us, so its age is no latency */
  bool banded;                             /* taken when it was announced, not when it was complete */
};

struct latency_trace;

struct latency_trace *latency_trace_create(void); /* NULL: out of memory */
void latency_trace_destroy(struct latency_trace *trace);

/* Of the frame that is being uploaded. The first LATENCY_UPLOAD_STARTED opens it; bands that follow change nothing. */
void latency_trace_stamp(struct latency_trace *trace, enum latency_host_stage stage, uint64_t now_ns);

/* It was dropped: torn, abandoned, lost. */
void latency_trace_drop(struct latency_trace *trace);

/* It has become the picture. `frame` brings what latency_trace_stamp() cannot know: epoch, sequence, guest_ns, LATENCY_SEEN, skipped,
 * flags. A picture before it that nobody presented is finished as it is. */
void latency_trace_shown(struct latency_trace *trace, const struct latency_frame *frame);

/* The picture was drawn: submitted then, presented now. Later drawings of the same picture are no news. `picture` is the number under which
 * the window system will tell more; 0 = nobody will. */
void latency_trace_presented(struct latency_trace *trace, uint64_t submitted_ns, uint64_t presented_ns, enum latency_source source,
                             uint64_t picture);

/* The window system told of that picture: shown then, or never (0), which makes it a missed one. What it has left out so far stays as it
 * was. A number that nobody waits for is fine. */
void latency_trace_told(struct latency_trace *trace, uint64_t picture, uint64_t shown_ns);
/* It will tell no more. */
void latency_trace_told_all(struct latency_trace *trace);
bool latency_trace_awaits(const struct latency_trace *trace); /* false for NULL */

/* The oldest finished frame. False: none. */
bool latency_trace_take(struct latency_trace *trace, struct latency_frame *frame);

/* Finished frames that found the ring full. Any thread. */
uint64_t latency_trace_lost(const struct latency_trace *trace);

#endif
