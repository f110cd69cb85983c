#define LOG_MODULE "agent"
#include "guest/core/stats_report.h"

#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>

static double per_second(uint64_t count, uint64_t run_ns) { return run_ns ? (double)count * 1e9 / (double)run_ns : 0; }

void stats_report_json(const struct agent_stats *stats, uint64_t run_ns) {
  printf("{\"schema\": 1, \"run_ms\": %" PRIu64 ", \"frames_published\": %" PRIu64 ", \"frames_skipped\": %" PRIu64
         ", \"copied_bytes\": %" PRIu64 ", \"screen_looks\": %" PRIu64 ", \"wakeups\": %" PRIu64 ", \"wakeups_per_second\": %.2f"
         ", \"bells_rung\": %" PRIu64 ", \"clock_answers\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"formats\": %" PRIu64 "}\n",
         run_ns / 1000000, stats->frames_published, stats->frames_skipped, stats->bytes_copied, stats->screens_compared, stats->wakeups,
         per_second(stats->wakeups, run_ns), stats->bells_rung, stats->clock_answers, stats->messages, stats->formats);
  fflush(stdout);
}

void stats_report_log(const struct agent_stats *stats, uint64_t run_ns) {
  log_info("%" PRIu64 " frames published, %" PRIu64 " skipped, %" PRIu64 " looks at the screen, %" PRIu64
           " wake-ups (%.1f a second), %" PRIu64 " bells",
           stats->frames_published, stats->frames_skipped, stats->screens_compared, stats->wakeups, per_second(stats->wakeups, run_ns),
           stats->bells_rung);
}
