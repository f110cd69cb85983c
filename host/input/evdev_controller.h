/* Game controllers: what one says in a frame, as events of its number. Data plane.
 *
 * Buttons and axes are those that the kernel's HID driver would read back from a HID gamepad: button N is BTN_GAMEPAD + N-1 (or
 * BTN_JOYSTICK + N-1), from 17 on BTN_TRIGGER_HAPPY; X to Rz are 0x30 to 0x35, -32767 to 32767 whatever the device's range (a trigger at
 * rest is -32767), and gas and brake of Bluetooth pads are Rz and Z. The cross is a hat switch, 0x39: 0 up, clockwise to 7, 8 at rest. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_CONTROLLER_H
#define TRANSOM_HOST_INPUT_EVDEV_CONTROLLER_H

#include "host/input/evdev_frame.h"

#define EVDEV_CONTROLLERS_MAX 16
#define EVDEV_CONTROLLER_AT_REST 8

struct evdev_controller {
  uint8_t number; /* 1 to EVDEV_CONTROLLERS_MAX; 0 = none */
  int8_t hat_x, hat_y;
};

size_t evdev_controller_frame(struct evdev_controller *controller, const struct evdev_frame *frame, const struct evdev_range *ranges,
                              uint64_t time_ns, struct input_event events[INPUT_REPORT_EVENTS_MAX]);

/* The controller goes: its sticks and its cross at rest. Its buttons are released by a frame that says so, before. */
size_t evdev_controller_rest(struct evdev_controller *controller, uint64_t time_ns, struct input_event events[INPUT_REPORT_EVENTS_MAX]);

#endif
