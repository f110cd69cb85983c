/* The opener over a discovery that a test chooses. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_OPENER_INTERNAL_H
#define TRANSOM_HOST_INPUT_EVDEV_OPENER_INTERNAL_H

#include "host/devices/device_discovery.h"
#include "host/input/evdev_opener.h"

/* As device_discovery_create(). */
typedef struct device_discovery *(*evdev_opener_discover)(struct event_loop *loop, const struct device_discovery_events *events,
                                                          void *user_data);

struct input_source *evdev_opener_create_over(evdev_opener_discover discover, struct event_loop *loop, const char *const *choices,
                                              size_t choice_count);

#endif
