/* What is known of an input device without opening it: enough to choose it, to name it, and to know it again after an unplug. */
#ifndef TRANSOM_HOST_DEVICES_INPUT_DEVICE_H
#define TRANSOM_HOST_DEVICES_INPUT_DEVICE_H

#include <stdint.h>

#define INPUT_DEVICE_TEXT_MAX 128

enum input_device_role { INPUT_DEVICE_KEYBOARD = 1, INPUT_DEVICE_POINTER = 2, INPUT_DEVICE_CONTROLLER = 4 };

struct input_device_info {
  char node[64];                        /* "/dev/input/event5" */
  char name[INPUT_DEVICE_TEXT_MAX];     /* the kernel's, control characters replaced */
  char by_id[INPUT_DEVICE_TEXT_MAX];    /* file name in /dev/input/by-id, or "" */
  char physical[INPUT_DEVICE_TEXT_MAX]; /* of the parent: equal for all interfaces of one keyboard or combined receiver; or "" */
  uint16_t bus, vendor, product;
  uint32_t roles; /* enum input_device_role; 0 = none that we take (power and sleep buttons, lid, touchpad) */
};

#endif
