/* What `status`, `selftest` and `--stats json` print. */
#ifndef TRANSOM_GUEST_LINUX_AGENT_REPORT_H
#define TRANSOM_GUEST_LINUX_AGENT_REPORT_H

#include "common/exit_status.h"
#include "guest/core/agent.h"

void agent_report_json(const struct agent_stats *stats, uint64_t run_ns);
void agent_report_log(const struct agent_stats *stats, uint64_t run_ns);

/* Looks at a region that an agent serves: who, which state, does its heart beat. */
enum exit_status agent_report_status(struct region_device *device);

/* Would an agent work here? Looks once at region and screen; writes to neither. */
enum exit_status agent_report_selftest(struct region_device *device, struct screen_capture *capture);

#endif
