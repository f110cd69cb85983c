/* Several keyboards and mice as one: a key that two of them hold is down once and comes up when the last lets go. Data plane. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_MERGE_H
#define TRANSOM_HOST_INPUT_EVDEV_MERGE_H

#include "host/input/evdev_frame.h"
#include "host/input/evdev_keymap.h"

struct evdev_merge {
  uint8_t holders[EVDEV_KEY_CODES]; /* devices that have it down; at most EVDEV_DEVICES_MAX */
};

/* A device's frame, whose keys are changes of that device, as a report. Keys that HID does not know are left out. Number of events. */
size_t evdev_merge_frame(struct evdev_merge *merge, const struct evdev_frame *frame, const struct evdev_range *ranges, uint64_t time_ns,
                         struct input_event events[INPUT_REPORT_EVENTS_MAX]);

void evdev_merge_adopt(struct evdev_merge *merge, unsigned code); /* down on a device that comes: not told */

#endif
