/* What one device said since the last SYN_REPORT, summed. Data plane: no system call, no allocation.
 *
 * A wheel with high resolution reports the coarse notch beside it, in the same frame: then the coarse one is not counted. A frame that has
 * only the coarse one counts as 120 a notch, whatever the device claims (key remappers copy claims that they do not keep). */
#ifndef TRANSOM_HOST_INPUT_EVDEV_FRAME_H
#define TRANSOM_HOST_INPUT_EVDEV_FRAME_H

#include "host/input/input_event.h"

#include <stddef.h>

#define EVDEV_FRAME_KEYS_MAX 48 /* in a frame; the rest of a report is motion */
#define EVDEV_FRAME_AXES 6      /* X, Y, both wheels, absolute X and Y */
_Static_assert(EVDEV_FRAME_KEYS_MAX + EVDEV_FRAME_AXES <= INPUT_REPORT_EVENTS_MAX, "a frame is one report");

#define EVDEV_AXES 18 /* absolute ones, by code: X, Y .. the first hat */

enum evdev_plane { EVDEV_X, EVDEV_Y }; /* also the codes of the absolute axes */
enum evdev_wheel { EVDEV_WHEEL_VERTICAL, EVDEV_WHEEL_HORIZONTAL };

/* Of an absolute axis. */
struct evdev_range {
  int32_t minimum, maximum;
};

struct evdev_key_change {
  uint16_t code;
  bool down;
};

struct evdev_frame {
  int64_t motion[2];                                  /* by evdev_plane */
  int64_t notches[2], fine[2];                        /* by evdev_wheel */
  int32_t axes[EVDEV_AXES];                           /* absolute, by code, in the device's units */
  uint32_t axes_seen;                                 /* bits, in this frame */
  bool has_fine[2];                                   /* seen in this frame */
  bool has_leds;                                      /* somebody set some LED */
  struct evdev_key_change keys[EVDEV_FRAME_KEYS_MAX]; /* in their order; never a repeat */
  size_t key_count;
};

bool evdev_frame_is_full(const struct evdev_frame *frame);                                    /* no room for another key */
void evdev_frame_add(struct evdev_frame *frame, uint16_t type, uint16_t code, int32_t value); /* not EV_SYN */
void evdev_frame_clear(struct evdev_frame *frame);

bool evdev_range_is_possible(const struct evdev_range *range);

/* All but the keys, as events. `ranges`: by code, at least X and Y; an impossible one hides its axis. Number of events. */
size_t evdev_frame_motion(const struct evdev_frame *frame, const struct evdev_range *ranges, uint64_t time_ns,
                          struct input_event events[EVDEV_FRAME_AXES]);

#endif
