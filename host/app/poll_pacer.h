/* When to look again where nobody rings a doorbell. Learns when news comes, much as TCP learns round trips: the next time expected, the
 * period, and the mean deviation from what was expected. Pure arithmetic on the caller's clock.
 *
 * case                                       looks
 * no rhythm is known                         each 10 ms
 * the next news is not expected yet          none, or one after 10 ms
 * from shortly before until after that time  a quarter of the deviation apart: 50 us at a steady rate, a 32nd of the period at most
 * expected four times and did not come       each 10 ms
 *
 * So news at a steady rate is seen some 25 us and a timer's wake-up late; a guest without any rhythm is looked at 32 times a period; one at
 * rest costs 100 looks a second. */
#ifndef TRANSOM_HOST_APP_POLL_PACER_H
#define TRANSOM_HOST_APP_POLL_PACER_H

#include <stdint.h>

#define POLL_PACER_REST_NS UINT64_C(10000000)        /* the longest sleep, and the only one at rest */
#define POLL_PACER_CLOSE_NS UINT64_C(50000)          /* the shortest */
#define POLL_PACER_EARLY_NS UINT64_C(100000)         /* begin to look so long before the expected time at least */
#define POLL_PACER_LATE_NS UINT64_C(1000000)         /* and give up on it so long after at least */
#define POLL_PACER_PERIOD_MIN_NS UINT64_C(1000000)   /* 1 kHz: faster than any display */
#define POLL_PACER_PERIOD_MAX_NS UINT64_C(100000000) /* slower than 10 Hz is no rhythm */
#define POLL_PACER_LOOKS_MAX 32u                     /* in a period, unless that makes them closer than CLOSE */
#define POLL_PACER_MISSES_MAX 4u                     /* expected and did not come: the guest is at rest */
#define POLL_PACER_STRANGENESS_MAX 5u                /* three in a row at unexpected times: the rate is another one */

struct poll_pacer {
  uint64_t looked_ns;   /* the last look that found nothing */
  uint64_t seen_ns;     /* when news was seen last; 0 = never */
  uint64_t period_ns;   /* 0 = no rhythm known */
  uint64_t expected_ns; /* the next news, while there is a rhythm */
  uint64_t jitter_ns;   /* mean deviation from what was expected */
  uint32_t strangeness;
};

void poll_pacer_init(struct poll_pacer *pacer);

/* A look at `now_ns` has found news. */
void poll_pacer_news(struct poll_pacer *pacer, uint64_t now_ns);

/* A look at `now_ns` has found nothing: how long to sleep before the next, POLL_PACER_CLOSE_NS to POLL_PACER_REST_NS. */
uint64_t poll_pacer_sleep_ns(struct poll_pacer *pacer, uint64_t now_ns);

#endif
