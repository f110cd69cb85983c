/* Which input devices there are, and which come and go: libudev, or inotify on /dev/input where udev does not run.
 *
 * Used by the viewer (where it has rights of its own) and by transom-serve's broker. Runs on one event loop, whose thread calls everything.
 * Opens nothing for reading input. Where udev knows of several seats, only the devices of XDG_SEAT (else seat0) are told of. */
#ifndef TRANSOM_HOST_DEVICES_DEVICE_DISCOVERY_H
#define TRANSOM_HOST_DEVICES_DEVICE_DISCOVERY_H

#include "host/devices/input_device.h"

#include <stdbool.h>

struct event_loop;
struct device_discovery;

struct device_discovery_events {
  void (*added)(const struct input_device_info *info, void *user_data); /* roles may be 0: for lists */
  void (*removed)(const char *node, void *user_data);
};

/* Tells of the devices that are there before it returns. NULL: errno. */
struct device_discovery *device_discovery_create(struct event_loop *loop, const struct device_discovery_events *events, void *user_data);
void device_discovery_destroy(struct device_discovery *discovery);
const char *device_discovery_name(const struct device_discovery *discovery); /* "udev" or "inotify" */

/* Whether `info` is what the user chose: a path, a name in by-id, or "vid:pid" in hexadecimal. */
bool input_device_matches(const struct input_device_info *info, const char *choice);

#endif
