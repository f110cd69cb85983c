/* Linux key and button codes and the HID usages that the kernel's own HID driver makes them from: one constant table. Data plane, any
 * thread.
 *
 * One usage a code. Where HID has two (volume, copy, find: keyboard and consumer page) it is the one that every guest system knows; power,
 * sleep and wake are the system keys of the desktop page. Game controllers are not in it: evdev_controller.h. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_KEYMAP_H
#define TRANSOM_HOST_INPUT_EVDEV_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#define EVDEV_KEY_CODES 0x300 /* KEY_CNT */

struct evdev_usage {
  uint16_t page, usage; /* page 0: no usage */
};

struct evdev_usage evdev_keymap_usage(unsigned code);      /* of a key or mouse button */
int evdev_keymap_code(uint16_t page, uint16_t usage);      /* -1: Linux has no such key */
bool evdev_keymap_is_button(const struct evdev_usage *as); /* of a mouse */

#endif
