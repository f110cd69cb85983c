/* The internal input event: a HID usage, whatever the source was. Plain values, any thread.
 *
 * Pages and usages: HID Usage Tables 1.5. Keys: page 0x07 (section 10), consumer keys 0x0c (15), system keys 0x81-0x83 of page 0x01 (4.5).
 * Buttons: page 0x09 (12), usage 1 left, 2 right, 3 middle, 4 side (back), 5 extra (forward) .. 16. Pointer: page 0x01, X 0x30, Y 0x31,
 * Wheel 0x38; horizontal wheel: page 0x0c, AC Pan 0x238. */
#ifndef TRANSOM_HOST_INPUT_INPUT_EVENT_H
#define TRANSOM_HOST_INPUT_INPUT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define INPUT_PAGE_DESKTOP 0x01
#define INPUT_PAGE_KEYBOARD 0x07
#define INPUT_PAGE_BUTTON 0x09
#define INPUT_PAGE_CONSUMER 0x0c

#define INPUT_USAGE_X 0x30
#define INPUT_USAGE_Y 0x31
#define INPUT_USAGE_WHEEL 0x38
#define INPUT_USAGE_AC_PAN 0x238

struct input_event {
  uint16_t page, usage;
  bool absolute;      /* X and Y: a position in 0 .. INPUT_ABSOLUTE_MAX; else counts of motion */
  uint8_t controller; /* 0 = keyboards and pointers; n = game controller n, whose buttons and axes are its own */
  int32_t value;      /* keys and buttons: 1 down, 0 up (never a repeat); wheels: 120ths of a notch, up and right positive */
  uint64_t time_ns;   /* CLOCK_MONOTONIC, when the kernel or window system saw it */
};

#define INPUT_CONTROLLER_AXIS_MAX 32767 /* of a game controller, both ways */

/* A report: what one device said at one moment (between two SYN_REPORTs). At most one event an axis. */
#define INPUT_REPORT_EVENTS_MAX 64

#endif
