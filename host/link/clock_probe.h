/* Asks the guest for its time now and then, by the region's clock cell: bursts of quick exchanges, so that of each second at least one is
 * short (host/stats/clock_mapping.h makes a mapping of them).
 *
 * Off until an interval is set: an agent that is asked looks more often, which a still guest should not have to. Threads: the event loop's.
 * A burst spins for at most CLOCK_PROBE_BURST x CLOCK_PROBE_SPIN_NS. */
#ifndef TRANSOM_HOST_LINK_CLOCK_PROBE_H
#define TRANSOM_HOST_LINK_CLOCK_PROBE_H

#include "protocol/clock_cell.h"

#define CLOCK_PROBE_BURST 8u
#define CLOCK_PROBE_SPIN_NS UINT64_C(100000)
#define CLOCK_PROBE_LOOK_NS UINT64_C(1000000) /* where no bell says that an answer is there */

struct event_loop;
struct clock_probe;

typedef void (*clock_probe_handler)(const struct transom_clock_sample *sample, void *user_data);

struct clock_probe *clock_probe_create(struct event_loop *loop, clock_probe_handler sample, void *user_data); /* NULL: out of memory */
void clock_probe_destroy(struct clock_probe *probe);

void clock_probe_set_interval(struct clock_probe *probe, uint64_t interval_ns); /* 0 = off */

/* A session has begun, or ends (NULL); the consumer outlives that. `has_bell`: answers ring, and clock_probe_look() is called then. */
void clock_probe_attach(struct clock_probe *probe, const struct transom_consumer *consumer, bool has_bell);

/* Is the answer there? */
void clock_probe_look(struct clock_probe *probe);

#endif
