/* The input device's descriptors and reports: HID 1.11 (Device Class Definition for Human Interface Devices) and HUT 1.5 (HID Usage
 * Tables). Pure values; any thread; data plane.
 *
 * interface 0  boot keyboard, no report IDs: the 8 bytes of HID 1.11 appendix B.1 and the LEDs. Keys only after SET_PROTOCOL(0): firmware
 * interface 1  keyboard as a bitmap (every key at once), consumer keys, system keys: report IDs 1, 2, 3. Keys in the report protocol
 * interface 2  mouse: 16 buttons, 16-bit motion, two high-resolution wheels (ID 1); absolute pointer (ID 2). One interface, so that a click
 *              never overtakes the motion before it
 * interface 3  game pads (usb_hid_gamepads.h), only while there are any: a pad that nobody has would confuse games
 *
 * Any change of a descriptor moves USB_IDENTITY_RELEASE; a device with n pads is release USB_IDENTITY_RELEASE + n. */
#ifndef TRANSOM_HOST_USB_USB_HID_H
#define TRANSOM_HOST_USB_USB_HID_H

#include "host/usb/usb_function.h"
#include "host/usb/usb_hid_gamepads.h"

enum usb_hid_interface { USB_HID_BOOT_KEYBOARD, USB_HID_KEYS, USB_HID_POINTER, USB_HID_GAMEPADS, USB_HID_INTERFACES };
#define USB_HID_ENDPOINT(interface) ((uint8_t)(0x81 + (interface)))

/* Report IDs; 0 = the boot keyboard's only report, which has none. */
enum { USB_HID_ID_BITMAP = 1, USB_HID_ID_CONSUMER = 2, USB_HID_ID_SYSTEM = 3, USB_HID_ID_MOUSE = 1, USB_HID_ID_ABSOLUTE = 2 };

/* HUT 1.5: page 0x07 ends at 0xe7 (Keyboard Right GUI); 0x01-0x03 are not keys but error codes. */
#define USB_HID_KEY_FIRST 0x04
#define USB_HID_KEY_LAST 0xdf
#define USB_HID_MODIFIER_FIRST 0xe0
#define USB_HID_MODIFIER_LAST 0xe7
#define USB_HID_BITMAP_BYTES ((USB_HID_KEY_LAST - USB_HID_KEY_FIRST + 8) / 8)
#define USB_HID_CONSUMER_SLOTS 4
#define USB_HID_CONSUMER_LAST 0x3ff
#define USB_HID_SYSTEM_FIRST 0x81 /* System Power Down, Sleep, Wake Up (HUT 1.5, section 4.5.1) */
#define USB_HID_SYSTEM_LAST 0x83
#define USB_HID_BOOT_KEYS 6
#define USB_HID_MOTION_MAX 32767 /* counts, or 120ths of a notch, in one report */
#define USB_HID_WHEEL_RESOLUTION 120

#define USB_HID_BOOT_REPORT_BYTES 8
#define USB_HID_REPORT_BYTES_MAX 32

#define USB_HID_INTERFACE_BYTES (9 + 9 + 7) /* interface, HID and endpoint descriptor */
#define USB_HID_CONFIGURATION_BYTES_MAX (9 + USB_HID_INTERFACES * USB_HID_INTERFACE_BYTES)

struct usb_hid_description {
  struct usb_descriptors descriptors; /* of the bytes below */
  unsigned gamepads;                  /* 0 .. USB_HID_GAMEPADS_MAX */
  uint8_t device[USB_DEVICE_DESCRIPTOR_BYTES];
  uint8_t configuration[USB_HID_CONFIGURATION_BYTES_MAX];
};

/* Not to be moved afterwards. */
void usb_hid_describe(struct usb_hid_description *description, unsigned gamepads);

/* The HID descriptor (9 bytes) and the report descriptor of an interface; NULL: there is no such interface. */
const uint8_t *usb_hid_class_descriptor(const struct usb_hid_description *description, unsigned interface);
const uint8_t *usb_hid_report_descriptor(const struct usb_hid_description *description, unsigned interface, size_t *bytes);

/* --- keys --- */

struct usb_hid_keys {
  uint8_t modifiers; /* usages 0xe0 .. 0xe7 */
  uint8_t bitmap[USB_HID_BITMAP_BYTES];
  uint16_t consumer[USB_HID_CONSUMER_SLOTS]; /* 0 = free */
  uint8_t system;
};

/* Report ID that a key of this page and usage is in, or 0: none. */
uint8_t usb_hid_key_report_id(uint16_t page, uint16_t usage);
/* True: it was otherwise before. A consumer key too many, or an unknown key, changes nothing. */
bool usb_hid_keys_set(struct usb_hid_keys *keys, uint16_t page, uint16_t usage, bool down);

size_t usb_hid_keys_report(const struct usb_hid_keys *keys, uint8_t report_id, uint8_t report[USB_HID_REPORT_BYTES_MAX]);
size_t usb_hid_boot_report(const struct usb_hid_keys *keys, uint8_t report[USB_HID_REPORT_BYTES_MAX]);

/* --- pointers --- */

struct usb_hid_mouse {
  uint16_t buttons;
  int16_t dx, dy, wheel, pan; /* right, down; up, right */
};

size_t usb_hid_mouse_report(const struct usb_hid_mouse *mouse, uint8_t report[USB_HID_REPORT_BYTES_MAX]);
size_t usb_hid_absolute_report(uint16_t x, uint16_t y, uint8_t report[USB_HID_REPORT_BYTES_MAX]);

#endif
