/* The evdev input_source where the user may open devices: finds them, opens the chosen ones, and opens them again after an unplug.
 *
 * Chosen without a choice: every keyboard, mouse and game controller. A choice is a path, a name in by-id, or vid:pid; it takes all
 * interfaces of the same hardware with it. A path means the device that was there first: it is known again by bus, ids and name, and
 * whatever else gets its number later is left alone. What cannot be opened is tried again after 250 ms, doubling up to 5 s.
 *
 * Thread: the loop's. The source's destroy() ends it all. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_OPENER_H
#define TRANSOM_HOST_INPUT_EVDEV_OPENER_H

#include "host/input/input_source.h"

#include <stddef.h>

#define EVDEV_CHOICES_MAX 16
#define EVDEV_RETRY_FIRST_NS UINT64_C(250000000)
#define EVDEV_RETRY_LAST_NS UINT64_C(5000000000)

struct event_loop;

/* The choices' text stays the caller's and must live as long. NULL: errno. */
struct input_source *evdev_opener_create(struct event_loop *loop, const char *const *choices, size_t choice_count);

/* How many devices are open, and how many chosen ones may not be opened (EACCES). */
struct evdev_opener_counts {
  size_t open, denied;
  unsigned controllers; /* as evdev_reader_controllers() */
};
struct evdev_opener_counts evdev_opener_count(struct input_source *source);

#endif
