/* A keyboard or mouse of our own, made by the kernel's uinput: what it emits comes out of a real evdev node. */
#ifndef TRANSOM_TESTS_SUPPORT_UINPUT_DEVICE_H
#define TRANSOM_TESTS_SUPPORT_UINPUT_DEVICE_H

#include "host/devices/input_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uinput_device {
  int fd;
  struct input_device_info info; /* with its node */
};

enum uinput_kind { UINPUT_KEYBOARD, UINPUT_MOUSE };

/* A keyboard has every key of KEY_ESC .. KEY_MICMUTE and of the kernel's HID driver, three LEDs and autorepeat; a mouse 16 buttons and both
 * wheels in high resolution. `physical`: see input_device_info; NULL = none. */
void uinput_device_create(struct uinput_device *device, enum uinput_kind kind, const char *name, const char *physical);
void uinput_device_destroy(struct uinput_device *device); /* the unplug */

void uinput_device_emit(struct uinput_device *device, uint16_t type, uint16_t code, int32_t value);
void uinput_device_sync(struct uinput_device *device);
void uinput_device_key(struct uinput_device *device, uint16_t code, bool down); /* with its sync */
void uinput_device_move(struct uinput_device *device, int32_t dx, int32_t dy);  /* with its sync */

/* Another program's descriptor of the node: the compositor's, a key remapper's. Non-blocking. */
int uinput_device_open(const struct uinput_device *device);

/* What waits on such a descriptor: number of events of that type and code, and the last one's value. */
int uinput_count_events(int fd, uint16_t type, uint16_t code, int32_t *last);

/* Presses and releases that wait on it, without repeats; 0 = nothing waits. */
struct uinput_key_change {
  uint16_t code;
  bool down;
};

size_t uinput_read_keys(int fd, struct uinput_key_change changes[], size_t capacity);

bool uinput_kernel_has_down(int fd, uint16_t code); /* EVIOCGKEY */
uint32_t uinput_kernel_leds(int fd);                /* EVIOCGLED */
void uinput_write_leds(int fd, uint32_t led_mask);  /* as a compositor does */

#endif
