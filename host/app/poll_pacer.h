/* When to look again where nobody rings a doorbell: sleep to just before the predicted next frame, then look often for a moment; at rest,
 * look seldom. Pure arithmetic on the caller's clock. */
#ifndef TRANSOM_HOST_APP_POLL_PACER_H
#define TRANSOM_HOST_APP_POLL_PACER_H

#include <stdint.h>

#define POLL_PACER_REST_NS UINT64_C(10000000)        /* between looks when no frame is expected: 100 a second */
#define POLL_PACER_CLOSE_NS UINT64_C(200000)         /* between looks around the predicted time */
#define POLL_PACER_EARLY_NS UINT64_C(500000)         /* begin to look this long before it */
#define POLL_PACER_LATE_NS UINT64_C(3000000)         /* and give up on it this long after */
#define POLL_PACER_PERIOD_MAX_NS UINT64_C(100000000) /* slower than 10 Hz is no rhythm */
#define POLL_PACER_MISSES_MAX 4u                     /* predicted frames that did not come: the guest is at rest */

struct poll_pacer {
  uint64_t last_ns;   /* when news came last; 0 = never */
  uint64_t period_ns; /* 0 = no rhythm known */
};

void poll_pacer_init(struct poll_pacer *pacer);
void poll_pacer_news(struct poll_pacer *pacer, uint64_t now_ns);

/* How long to sleep before the next look. At least POLL_PACER_CLOSE_NS. */
uint64_t poll_pacer_sleep_ns(const struct poll_pacer *pacer, uint64_t now_ns);

#endif
