/* Plays a recorded run (make_run.py has its format) through a collector, as a viewer would have. */
#ifndef TRANSOM_TESTS_LATENCY_RECORDED_RUN_H
#define TRANSOM_TESTS_LATENCY_RECORDED_RUN_H

#include "host/stats/latency_collector.h"

/* False: why was said on the standard error. `last_ns` is when the last frame was presented, or replaced. */
bool recorded_run_play(const char *path, struct latency_collector *collector, uint64_t *last_ns);

#endif
