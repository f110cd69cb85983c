/* The input-to-screen test: one press after the other through a sink, each until the guest's loop card has shown it here.
 *
 * state      what it waits for                            what leads out of it
 * STARTING   sink and card                                both are there: SETTLING; 10 s: failed
 * SETTLING   the card to rest, so that no late frame is   its time is over: PAUSING; a card that moves by itself: failed
 *            taken for the next trial's
 * PAUSING    a random time, so that no phase is favoured  PRESSED, or done after the last trial
 * PRESSED    the card's next frame                        it came: RELEASED; 1 s: lost, RELEASED and then SETTLING
 * RELEASED   the frame of the release                     it came: PAUSING; 1 s: SETTLING
 *
 * Threads: the event loop's. The key is up, or its guard has been told, when latency_loop_run() returns. */
#ifndef TRANSOM_HOST_APP_LATENCY_LOOP_H
#define TRANSOM_HOST_APP_LATENCY_LOOP_H

#include "host/app/input_sinks.h"
#include "host/app/settings.h"
#include "host/stats/loop_figures.h"

struct event_loop;

struct latency_loop_options {
  enum input_sinks_way way; /* USB or QMP */
  uint64_t trials;
  void (*progress)(const struct loop_figures *figures, void *user_data); /* after each trial; or NULL */
  void *user_data;
};

/* Runs `loop` until the trials are over, or somebody stops it. `figures` holds what was measured in either case. False: it ended before the
 * last trial; unless somebody stopped it, why was said on the log. */
bool latency_loop_run(struct event_loop *loop, const struct view_settings *settings, const struct latency_loop_options *options,
                      struct loop_figures *figures);

#endif
