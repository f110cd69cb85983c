/* The seam for where input comes from: evdev, the window, a recording, null.
 *
 * Threads: one, its owner's (the input thread), for calls and callbacks. A source merges its devices: a key that two keyboards hold is
 * down once and comes up when the last of them lets go; unplugging a device releases what only it held. */
#ifndef TRANSOM_HOST_INPUT_INPUT_SOURCE_H
#define TRANSOM_HOST_INPUT_INPUT_SOURCE_H

#include "host/input/input_event.h"

#include <stddef.h>

struct input_source;

struct input_source_events {
  /* One report; data plane. Grabbed or not, everything is told; the owner decides what is meant for whom. */
  void (*report)(const struct input_event *events, size_t count, void *user_data);
  void (*devices_changed)(void *user_data); /* optional: came, went, or was refused (then it is named in the log) */
};

struct input_source_impl {
  const char *name; /* "evdev" */
  /* Takes all devices for us alone, or gives them back. A device that another program holds (a key remapper) is left to it and named in the
   * log. 0; -EBUSY when that leaves nothing, or no keyboard although there are some (all stay as they were); -ENODEV when there is none.
   * Not while a key is down: see any_down(). */
  int (*grab)(struct input_source *source, bool grab);
  bool (*any_down)(struct input_source *source);                               /* a key or button of any device, as the kernel knows it */
  bool (*has_key)(struct input_source *source, uint16_t page, uint16_t usage); /* some keyboard has this key */
  void (*set_leds)(struct input_source *source, uint32_t led_mask); /* optional: enum input_led, while grabbed; restored at release */
  void (*destroy)(struct input_source *source);                     /* gives everything back first */
};

struct input_source {
  const struct input_source_impl *impl;
  const struct input_source_events *events; /* set by the owner before the first turn of the loop */
  void *user_data;
};

struct input_source *input_source_null_create(void); /* silent; grabs nothing, with success. NULL: out of memory */

#endif
