/* Fills an input_device_info from the device's directory in sysfs. Control plane, any thread. */
#ifndef TRANSOM_HOST_DEVICES_INPUT_DEVICE_READ_H
#define TRANSOM_HOST_DEVICES_INPUT_DEVICE_READ_H

#include "host/devices/input_device.h"

#include <stdbool.h>

/* `directory`: /sys/class/input/eventN/device. `by_id` may be NULL. False: the device went away meanwhile. */
bool input_device_read(const char *node, const char *directory, const char *by_id, struct input_device_info *info, bool *serves_keyboard);

#endif
