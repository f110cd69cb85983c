/* What `status` and `selftest` print. */
#ifndef TRANSOM_GUEST_LINUX_AGENT_REPORT_H
#define TRANSOM_GUEST_LINUX_AGENT_REPORT_H

#include "common/exit_status.h"
#include "guest/core/region_device.h"
#include "guest/core/screen_capture.h"

/* Looks at a region that an agent serves: who, which state, does its heart beat. */
enum exit_status agent_report_status(struct region_device *device);

/* Would an agent work here? Looks once at region and screen; writes to neither. */
enum exit_status agent_report_selftest(struct region_device *device, struct screen_capture *capture);

#endif
