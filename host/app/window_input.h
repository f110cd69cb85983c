/* Window events as input reports: scancodes become HID usages, pixels become places in the picture. Main thread. */
#ifndef TRANSOM_HOST_APP_WINDOW_INPUT_H
#define TRANSOM_HOST_APP_WINDOW_INPUT_H

#include "host/app/window.h"
#include "host/input/input_event.h"
#include "host/present/picture_layout.h"

#define WINDOW_INPUT_EVENTS_MAX 5 /* in one report: a place, motion and a button */

struct window_input {
  float wheel_x, wheel_y; /* fractions of 1/120 notch not sent yet */
};

/* Number of events written to `report`. `layout` says where the picture lies; NULL while there is none: then the pointer has no place. */
size_t window_input_translate(struct window_input *input, const struct window_event *event, const struct picture_layout *layout,
                              struct input_event report[WINDOW_INPUT_EVENTS_MAX]);

#endif
