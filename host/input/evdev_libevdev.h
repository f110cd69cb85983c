/* libevdev and the kernel's ioctls, where our events are known too: Linux and we both call them struct input_event. Theirs becomes struct
 * linux_input_event here. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_LIBEVDEV_H
#define TRANSOM_HOST_INPUT_EVDEV_LIBEVDEV_H

#define input_event linux_input_event
#include <libevdev/libevdev.h>
#include <linux/input.h>
#undef input_event

#endif
