/* The last seconds of the host's stages, for graphs: a column each tenth of a second. The guest's clock plays no part, so nothing waits.
 *
 * Plain data: copied as a whole to whoever draws. Threads: one at a time. No allocation. Control plane. */
#ifndef TRANSOM_HOST_STATS_LATENCY_RECENT_H
#define TRANSOM_HOST_STATS_LATENCY_RECENT_H

#include "host/stats/latency_trace.h"

#define LATENCY_RECENT_COLUMNS 50u
#define LATENCY_RECENT_COLUMN_NS UINT64_C(100000000)
#define LATENCY_RECENT_PARTS 4u    /* seen -> upload started -> uploaded -> submitted -> presented */
#define LATENCY_RECENT_FRAMES 512u /* for the quantiles: 2 s at 240 a second, all of 5 s at 100 */

struct latency_recent_column {
  uint64_t number; /* of the tenth of a second, by CLOCK_MONOTONIC_RAW */
  uint32_t presented, missed, skipped;
  uint64_t sums_ns[LATENCY_RECENT_PARTS]; /* of the presented ones; an overlap adds nothing */
};

struct latency_recent_frame {
  uint64_t presented_ns, took_ns; /* seen -> presented */
  uint64_t parts_ns[LATENCY_RECENT_PARTS];
};

struct latency_recent {
  struct latency_recent_column columns[LATENCY_RECENT_COLUMNS]; /* by number */
  struct latency_recent_frame frames[LATENCY_RECENT_FRAMES];    /* a ring */
  uint32_t next;                                                /* free-running */
};

/* Zero-filled = empty. */
void latency_recent_add(struct latency_recent *recent, const struct latency_frame *frame);

/* What a graph shows: columns from the oldest to the one of `now_ns`. */
struct latency_graph {
  struct {
    uint64_t parts_ns[LATENCY_RECENT_PARTS]; /* means, to be stacked */
    uint32_t presented, missed, skipped;
  } columns[LATENCY_RECENT_COLUMNS];
  uint64_t highest_ns;                                                             /* of a stack */
  uint64_t p50_ns, p99_ns;                                                         /* seen -> presented */
  uint64_t parts_p50_ns[LATENCY_RECENT_PARTS], parts_p99_ns[LATENCY_RECENT_PARTS]; /* of each part by itself */
  uint32_t presented, missed, skipped;
};
void latency_recent_graph(const struct latency_recent *recent, uint64_t now_ns, struct latency_graph *graph);

#endif
