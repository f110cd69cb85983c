/* What a device is, from the capability bitmaps that its sysfs directory shows to everyone. Any thread.
 *
 * Keyboard: at least ten keys that type (letters, digits, keypad, F13-F24). Pointer: left button, and relative axes or the absolute ones
 * of a mouse (never those of touchpads, tablets and touch screens). Controller: gamepad or joystick buttons with axes. A node without
 * typing keys but with others (volume, media) is the second interface of some keyboard, or none of ours: its neighbours decide. Power,
 * sleep and wake keys alone, switches (lid), accelerometers: never. */
#ifndef TRANSOM_HOST_DEVICES_DEVICE_CLASS_H
#define TRANSOM_HOST_DEVICES_DEVICE_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_BITS_WORDS 12 /* KEY_MAX is 0x2ff; the other kinds are shorter */

struct device_bits {
  uint64_t words[DEVICE_BITS_WORDS];
};

struct device_capabilities {
  struct device_bits keys, relative, absolute, switches, leds, properties;
};

struct device_class {
  uint32_t roles;       /* enum input_device_role, of the node alone */
  bool serves_keyboard; /* keys that belong to a keyboard, if the same hardware has one */
};

/* sysfs writes words of a long, most significant first, in hexadecimal with blanks between. False: not that. */
bool device_bits_parse(const char *text, struct device_bits *bits);
bool device_bits_has(const struct device_bits *bits, unsigned code);
struct device_class device_class_of(const struct device_capabilities *capabilities);

/* `directory`: /sys/class/input/eventN/device. What cannot be read is empty, so that nothing is taken for more than it is. */
void device_capabilities_read(const char *directory, struct device_capabilities *capabilities);

/* "104 keys, 5 buttons, motion, fine wheel, 3 LEDs", for lists. */
void device_capabilities_format(const struct device_capabilities *capabilities, char *text, size_t capacity);

#endif
