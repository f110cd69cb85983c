/* Discovery over a given watch: what device_discovery_create() chooses for itself, and tests choose by hand. */
#ifndef TRANSOM_HOST_DEVICES_DEVICE_DISCOVERY_INTERNAL_H
#define TRANSOM_HOST_DEVICES_DEVICE_DISCOVERY_INTERNAL_H

#include "host/devices/device_discovery.h"
#include "host/devices/device_watch.h"

enum device_watch_kind { DEVICE_WATCH_UDEV, DEVICE_WATCH_INOTIFY };

/* `devices` and `sysfs`: for inotify only; see device_watch_inotify_create(). */
struct device_discovery *device_discovery_create_over(enum device_watch_kind kind, const char *devices, const char *sysfs,
                                                      struct event_loop *loop, const struct device_discovery_events *events,
                                                      void *user_data);

#endif
