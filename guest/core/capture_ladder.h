/* Ways to a screen in order of merit: the first that works is taken, and one that stops working is never tried again.
 *
 * A rung fails when it cannot be made, or when its acquire() says -EIO. Every other answer (no display, nothing new, a log-on screen that
 * may not be read) is the screen's, not the way's, and stays. So the number of steps down is bounded by the number of rungs.
 *
 * Making a rung may take seconds (a sleeping GPU, a driver that compiles), and meanwhile the agent has its heartbeat and its messages: so a
 * thread of its own makes it, and acquire() says -EAGAIN until that is done. Threads: otherwise one, the agent's; a rung is made on one
 * thread and used on another, never on both at a time. */
#ifndef TRANSOM_GUEST_CORE_CAPTURE_LADDER_H
#define TRANSOM_GUEST_CORE_CAPTURE_LADDER_H

#include "guest/core/screen_capture.h"

#define CAPTURE_LADDER_RUNGS_MAX 8u
#define CAPTURE_LADDER_WHY_BYTES 160u

struct capture_rung {
  const char *name;
  /* NULL, with one line in `why`. */
  struct screen_capture *(*create)(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]);
};

/* `rungs` are copied; `user_data` is the caller's until the ladder is destroyed, which waits for a rung under way. Not `apart`: acquire()
 * makes rungs itself, for tests with a clock of their own. NULL: out of memory. */
struct screen_capture *capture_ladder_create(const struct capture_rung *rungs, uint32_t count, void *user_data, bool apart);

#endif
