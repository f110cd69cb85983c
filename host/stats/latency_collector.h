/* Makes records and figures of traced frames as the clock exchanges come in: a frame waits until its stamps can be converted, or cannot.
 *
 * Threads: one at a time. Control plane: may allocate while it keeps records. */
#ifndef TRANSOM_HOST_STATS_LATENCY_COLLECTOR_H
#define TRANSOM_HOST_STATS_LATENCY_COLLECTOR_H

#include "host/stats/clock_mapping.h"
#include "host/stats/latency_figures.h"
#include "host/stats/latency_recent.h"

#include <stddef.h>

#define LATENCY_COLLECTOR_WAITING 4096u       /* frames that wait: 17 s at 240 a second; one more and the oldest has waited in vain */
#define LATENCY_COLLECTOR_RECORDS_MAX 500000u /* kept for rows and plots: 90 MB */

struct latency_collector;

struct latency_collector_options {
  bool same_clock;   /* the guest's stamps are this host's CLOCK_MONOTONIC_RAW */
  bool keep_records; /* for latency_collector_records() */
};

struct latency_collector *latency_collector_create(const struct latency_collector_options *options); /* NULL: out of memory */
void latency_collector_destroy(struct latency_collector *collector);

void latency_collector_exchange(struct latency_collector *collector, const struct clock_exchange *exchange);
void latency_collector_frame(struct latency_collector *collector, const struct latency_frame *frame);

/* Takes everything that is in the trace, and settles what can be settled. */
void latency_collector_step(struct latency_collector *collector, struct latency_trace *trace);

/* What still waits will wait no longer. */
void latency_collector_finish(struct latency_collector *collector);

const struct latency_figures *latency_collector_figures(const struct latency_collector *collector);
const struct latency_recent *latency_collector_recent(const struct latency_collector *collector);
const struct clock_mapping *latency_collector_mapping(const struct latency_collector *collector);

/* In the order of presentation; valid until the next call that adds. `left_out`: those beyond the maximum, or beyond the memory. */
const struct latency_record *latency_collector_records(const struct latency_collector *collector, size_t *count, uint64_t *left_out);

#endif
