/* host/devices/device_discovery.h without devices: the test plugs them in and out. Link it before transom_devices. Their nodes are opened
 * by `fake_input_device_access`, which only counts. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_INPUT_DEVICES_H
#define TRANSOM_TESTS_SUPPORT_FAKE_INPUT_DEVICES_H

#include "host/devices/input_device.h"
#include "host/serve/device_leases.h"

#include <stdbool.h>

void fake_input_device_plug(const char *node, const char *name, uint32_t roles);
void fake_input_device_unplug(const char *node);
void fake_input_devices_reset(void); /* none, and nothing was counted */

extern const struct device_access fake_input_device_access;
void fake_input_devices_deny(bool deny); /* opens fail with EACCES */

unsigned fake_input_devices_opened(void);
unsigned fake_input_devices_revoked(void);

#endif
