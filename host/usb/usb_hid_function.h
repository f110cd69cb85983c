/* The input device as a USB function: what is down, what waits to be told to the guest, and the HID class requests (HID 1.11, section 7).
 *
 * Threads: that of the transport. The entries for input are data plane. One queue for keys and one for the pointer, each in order: motion
 * is merged while the guest is busy, never across a button or wheel change; wheel steps of one direction are merged; keys and buttons
 * never. Nothing is queued for an endpoint at which the guest does not listen: what was typed then must not arrive later.
 *
 * Room: a human makes at most about 30 key and 20 button changes a second, so each queue holds 10 s of the busiest input for a guest that
 * stands still. When a key or button finds it full, all that waits is thrown away and everything is released: a lost release would be worse
 * than lost keys. Motion that finds it full is dropped. */
#ifndef TRANSOM_HOST_USB_USB_HID_FUNCTION_H
#define TRANSOM_HOST_USB_USB_HID_FUNCTION_H

#include "host/usb/usb_hid.h"

#define USB_HID_QUEUE_ENTRIES 256u /* a power of two */

struct usb_hid_key_change {
  bool release_all; /* then the rest says nothing */
  bool down;
  uint16_t page, usage;
};

enum usb_hid_pointer_kind { USB_HID_MOTION, USB_HID_BUTTON, USB_HID_WHEEL, USB_HID_RELEASE };
enum usb_hid_wheel { USB_HID_VERTICAL, USB_HID_HORIZONTAL, USB_HID_WHEELS };

/* Motion, then at most one change. */
struct usb_hid_pointer_change {
  enum usb_hid_pointer_kind kind;
  int32_t dx, dy;
  bool has_absolute; /* sent after dx and dy */
  uint16_t x, y;
  uint8_t button; /* 0 .. 15 */
  bool down;
  enum usb_hid_wheel wheel;
  int32_t amount; /* 120ths of a notch */
};

struct usb_hid_events {
  void (*data)(uint8_t endpoint, void *user_data);     /* there may be something to give */
  void (*heard)(bool heard, void *user_data);          /* the guest reads the keyboard, or no longer does */
  void (*leds)(uint8_t led_bits, void *user_data);     /* usage n of the LED page is bit n - 1 */
  void (*idle)(uint64_t interval_ns, void *user_data); /* call usb_hid_function_idle() so often; 0 = never */
};

struct usb_hid_function {
  struct usb_hid_description description;
  const struct usb_hid_events *events;
  void *user_data;
  bool listening[USB_HID_INTERFACES];
  bool boot_protocol, heard, overflowed;
  uint8_t idle_rate; /* of the boot keyboard, in 4 ms; 0 = only when something changes */
  uint8_t leds;
  bool multiplied[USB_HID_WHEELS]; /* the guest wants 120ths */

  struct usb_hid_keys wanted_keys, told_keys; /* behind the queue, before it */
  struct usb_hid_key_change keys[USB_HID_QUEUE_ENTRIES];
  uint32_t keys_first, keys_count;
  uint8_t keys_due; /* bit n: report ID n is to be told again */
  bool boot_due;

  uint16_t wanted_buttons, told_buttons;
  uint16_t x, y; /* told last */
  int32_t wheel_rest[USB_HID_WHEELS];
  struct usb_hid_pointer_change pointer[USB_HID_QUEUE_ENTRIES];
  uint32_t pointer_first, pointer_count;
  bool mouse_due;

  struct usb_hid_gamepads gamepads;
};

extern const struct usb_function_impl usb_hid_function_impl;

/* Only while it is plugged in nowhere. */
void usb_hid_function_set_gamepads(struct usb_hid_function *hid, unsigned count);

void usb_hid_function_init(struct usb_hid_function *hid, const struct usb_hid_events *events, void *user_data);

void usb_hid_function_key(struct usb_hid_function *hid, uint16_t page, uint16_t usage, bool down);
void usb_hid_function_button(struct usb_hid_function *hid, uint8_t button, bool down);
void usb_hid_function_relative(struct usb_hid_function *hid, int32_t dx, int32_t dy);
void usb_hid_function_absolute(struct usb_hid_function *hid, uint16_t x, uint16_t y);
void usb_hid_function_wheel(struct usb_hid_function *hid, enum usb_hid_wheel wheel, int32_t amount);
void usb_hid_function_gamepad_button(struct usb_hid_function *hid, uint8_t pad, uint8_t button, bool down); /* both 0 .. */
void usb_hid_function_gamepad_axis(struct usb_hid_function *hid, uint8_t pad, uint16_t usage, int32_t value);
void usb_hid_function_release_all(struct usb_hid_function *hid); /* behind what waits already */
void usb_hid_function_idle(struct usb_hid_function *hid);

/* For usb_hid_requests.c alone. */
void usb_hid_function_set_protocol(struct usb_hid_function *hid, bool boot);
void usb_hid_function_set_leds(struct usb_hid_function *hid, uint8_t leds);
void usb_hid_function_set_idle_rate(struct usb_hid_function *hid, uint8_t rate);

#endif
