/* A guest that rings without publishing must not keep a core busy: after WAKE_THROTTLE_EMPTY_MAX empty wake-ups within
 * WAKE_THROTTLE_WINDOW_NS the doorbell is left alone for WAKE_THROTTLE_PAUSE_NS, and its owner polls every WAKE_THROTTLE_POLL_NS.
 * So the worst guest costs 64 + 100 wake-ups in 1.1 s. One thread; data plane. */
#ifndef TRANSOM_HOST_LINK_WAKE_THROTTLE_H
#define TRANSOM_HOST_LINK_WAKE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#define WAKE_THROTTLE_EMPTY_MAX 64u
#define WAKE_THROTTLE_WINDOW_NS UINT64_C(100000000)
#define WAKE_THROTTLE_PAUSE_NS UINT64_C(1000000000)
#define WAKE_THROTTLE_POLL_NS UINT64_C(10000000)

struct wake_throttle { /* all zero at first */
  uint64_t window_start_ns;
  uint32_t empty;    /* in this window */
  uint64_t until_ns; /* throttled until then; 0 = not */
  uint64_t count;    /* how often it came to that */
};

/* After a wake-up by the doorbell. True: from now on throttled. */
static inline bool wake_throttle_note(struct wake_throttle *throttle, bool had_news, uint64_t now_ns) {
  if (had_news)
    return false;
  if (throttle->empty == 0 || now_ns - throttle->window_start_ns >= WAKE_THROTTLE_WINDOW_NS) {
    throttle->window_start_ns = now_ns;
    throttle->empty = 0;
  }
  if (++throttle->empty < WAKE_THROTTLE_EMPTY_MAX)
    return false;
  throttle->empty = 0;
  throttle->until_ns = now_ns + WAKE_THROTTLE_PAUSE_NS;
  throttle->count++;
  return true;
}

/* While true: do not arm, do not wait on the doorbell, poll. */
static inline bool wake_throttle_is_on(struct wake_throttle *throttle, uint64_t now_ns) {
  if (throttle->until_ns && now_ns >= throttle->until_ns)
    throttle->until_ns = 0;
  return throttle->until_ns != 0;
}

#endif
