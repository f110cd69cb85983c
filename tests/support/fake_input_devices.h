/* host/devices/device_discovery.h without devices: the test plugs them in and out. Link it before transom_devices. Their nodes are opened
 * by `fake_input_device_access`, which only counts. And the host's end: what is played on a keyboard there. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_INPUT_DEVICES_H
#define TRANSOM_TESTS_SUPPORT_FAKE_INPUT_DEVICES_H

#include "host/devices/input_device.h"
#include "host/serve/device_leases.h"
#include "host/serve/host_keyboard.h"

#include <stdbool.h>

void fake_input_device_plug(const char *node, const char *name, uint32_t roles);
void fake_input_device_unplug(const char *node);
void fake_input_devices_reset(void); /* none, and nothing was counted */

extern const struct device_access fake_input_device_access;
void fake_input_devices_deny(bool deny); /* opens fail with EACCES */

/* What the user holds, and what is played to the host: an output that writes down "+73 -73 " and counts. */
void fake_key_hold(uint16_t code, bool down);
extern const struct host_keyboard_output fake_host_keyboard;
void fake_host_keyboard_fail(int error);   /* opens fail so; 0 = they do not */
const char *fake_host_keyboard_told(void); /* since it was asked last */
int fake_host_keyboards_open(void);
int fake_host_keys_down(void); /* pressed and not released, by count */

unsigned fake_input_devices_opened(void);
unsigned fake_input_devices_revoked(void);

#endif
