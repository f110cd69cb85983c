/* `transom latency --loop`: the sinks one after the other, and the report. Main thread. */
#ifndef TRANSOM_HOST_CLI_LATENCY_LOOP_REPORT_H
#define TRANSOM_HOST_CLI_LATENCY_LOOP_REPORT_H

#include "host/app/settings.h"

enum latency_loop_sink { LATENCY_LOOP_BOTH, LATENCY_LOOP_USB, LATENCY_LOOP_QMP };
extern const char *const latency_loop_sink_names[];

/* Files; "-" for standard output instead of the table, "" for none. */
struct latency_loop_paths {
  const char *json, *csv, *html;
};

/* The exit status: OK where every chosen sink was measured to
 * the end; of BOTH, where one was. */
int latency_loop_report(const struct view_settings *settings, enum latency_loop_sink sink, uint64_t trials,
                        const struct latency_loop_paths *paths);

#endif
