#include "host/app/poll_pacer.h"

void poll_pacer_init(struct poll_pacer *pacer) { *pacer = (struct poll_pacer){0}; }

/* A new rhythm is taken at once when it is faster (a frame seen late costs latency, a look too many costs little), slowly when slower. */
void poll_pacer_news(struct poll_pacer *pacer, uint64_t now_ns) {
  uint64_t gap = pacer->last_ns && now_ns > pacer->last_ns ? now_ns - pacer->last_ns : 0;
  pacer->last_ns = now_ns;
  if (gap == 0 || gap > POLL_PACER_PERIOD_MAX_NS)
    pacer->period_ns = 0;
  else if (pacer->period_ns == 0 || gap < pacer->period_ns)
    pacer->period_ns = gap;
  else
    pacer->period_ns += (gap - pacer->period_ns) / 8;
}

uint64_t poll_pacer_sleep_ns(const struct poll_pacer *pacer, uint64_t now_ns) {
  if (pacer->period_ns == 0 || now_ns < pacer->last_ns)
    return POLL_PACER_REST_NS;
  /* The prediction that is not yet given up: the first whose late end lies ahead. */
  uint64_t since = now_ns - pacer->last_ns, turn = 1;
  if (since > pacer->period_ns + POLL_PACER_LATE_NS)
    turn = (since - POLL_PACER_LATE_NS + pacer->period_ns - 1) / pacer->period_ns;
  if (turn > POLL_PACER_MISSES_MAX)
    return POLL_PACER_REST_NS;
  uint64_t expected = turn * pacer->period_ns;
  if (since + POLL_PACER_EARLY_NS + POLL_PACER_CLOSE_NS >= expected)
    return POLL_PACER_CLOSE_NS;
  uint64_t sleep = expected - POLL_PACER_EARLY_NS - since;
  return sleep < POLL_PACER_REST_NS ? sleep : POLL_PACER_REST_NS;
}
