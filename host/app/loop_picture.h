/* The screen's end of the input-to-screen test: attaches to the guest, presents each frame headless or in a window, and reads the loop
 * card's counter and the time of its event back from what was presented.
 *
 * Threads: the event loop's. */
#ifndef TRANSOM_HOST_APP_LOOP_PICTURE_H
#define TRANSOM_HOST_APP_LOOP_PICTURE_H

#include "host/app/settings.h"
#include "host/stats/latency_trace.h"

struct event_loop;
struct loop_picture;

struct loop_frame {
  uint32_t counter;               /* of the card, from 1; 0: the picture is no loop card */
  uint64_t seen_ns, presented_ns; /* CLOCK_MONOTONIC_RAW */
  enum latency_source source;     /* who says when it was presented */
  /* Guest's clock: what the card says that it reacts to, 0 = nothing; the agent had the picture; complete. */
  uint64_t event_ns, acquired_ns, published_ns;
};

typedef void (*loop_picture_handler)(const struct loop_frame *frame, void *user_data);

/* By settings->renderer. The newest frame is handed over once more when loop_picture_is_settled() becomes true. A window that is closed, or
 * a presenter that fails, stops the loop. The frame is handed over once it was presented, which the window system may tell later. NULL:
 * said why on the log. */
struct loop_picture *loop_picture_create(struct event_loop *loop, const struct view_settings *settings, loop_picture_handler frame,
                                         void *user_data);
void loop_picture_destroy(struct loop_picture *picture); /* NULL is fine */

/* Whether it is known what the window system's word is worth: until then the picture is drawn again and again. */
bool loop_picture_is_settled(const struct loop_picture *picture);
const char *loop_picture_presenter(const struct loop_picture *picture); /* its name */
const char *loop_picture_text(const struct loop_picture *picture);      /* how it stands with the guest: one line */

#endif
