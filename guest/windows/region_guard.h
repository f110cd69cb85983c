/* What happens when the region's memory goes away under a running copy: driver restarted, device removed or disabled.
 *
 * A vectored handler puts private memory where the region was, marks the device as lost, and lets the access go on: it harms nobody, and
 * the agent ends at its next step. One region a process. The handler runs on whichever thread touched the memory. */
#ifndef TRANSOM_GUEST_WINDOWS_REGION_GUARD_H
#define TRANSOM_GUEST_WINDOWS_REGION_GUARD_H

#include "guest/core/region_device.h"

/* Watches `device` until region_guard_finish(). False: the system refuses a handler. */
bool region_guard_init(struct region_device *device);

/* Frees the private memory, if any was put there. */
void region_guard_finish(void);

#endif
