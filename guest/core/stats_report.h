/* An agent's counters, for people and for programs. */
#ifndef TRANSOM_GUEST_CORE_STATS_REPORT_H
#define TRANSOM_GUEST_CORE_STATS_REPORT_H

#include "guest/core/agent.h"

void stats_report_json(const struct agent_stats *stats, uint64_t run_ns); /* one line on stdout */
void stats_report_log(const struct agent_stats *stats, uint64_t run_ns);

#endif
