/* Game controllers as HID game pads (HUT 1.5, section 4.1: Game Pad; 4.2: axes; 4.3: hat switch): what each says, and what waits to be
 * told. One interface, the report ID is the pad's number. One thread at a time; data plane.
 *
 * Axes are merged while the guest is busy, never across a button. Room: 64 states; a human makes at most some 20 button changes a second on
 * a pad. Beyond, all that waits is thrown away and every pad is told to be at rest. */
#ifndef TRANSOM_HOST_USB_USB_HID_GAMEPADS_H
#define TRANSOM_HOST_USB_USB_HID_GAMEPADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_HID_GAMEPADS_MAX 4
#define USB_HID_GAMEPAD_BUTTONS 32
#define USB_HID_GAMEPAD_AXES 6 /* X, Y, Z, Rx, Ry, Rz: usages 0x30 .. 0x35 of the desktop page, -32767 .. 32767 */
#define USB_HID_GAMEPAD_AXIS_FIRST 0x30
#define USB_HID_GAMEPAD_HAT 0x39 /* 0 = up, clockwise to 7 = up and left; USB_HID_GAMEPAD_HAT_REST = let go */
#define USB_HID_GAMEPAD_HAT_REST 8
#define USB_HID_GAMEPAD_REPORT_BYTES 18 /* ID, buttons, axes, hat */
#define USB_HID_GAMEPAD_STATES 64u

struct usb_hid_gamepad {
  uint32_t buttons;
  int16_t axes[USB_HID_GAMEPAD_AXES];
  uint8_t hat;
};

struct usb_hid_gamepads {
  struct usb_hid_gamepad wanted[USB_HID_GAMEPADS_MAX], told[USB_HID_GAMEPADS_MAX]; /* behind what waits, before it */
  struct {
    uint8_t pad; /* 0 .. */
    bool final;  /* a button changed in it: later axes need a state of their own */
    struct usb_hid_gamepad state;
  } waiting[USB_HID_GAMEPAD_STATES];
  uint32_t first, count;
  uint8_t due; /* bit n: pad n is to be told again */
};

extern const uint8_t usb_hid_gamepads_report_descriptor[];
size_t usb_hid_gamepads_descriptor_bytes(unsigned pads); /* it begins with the first pad's, and so on */

void usb_hid_gamepads_init(struct usb_hid_gamepads *pads); /* as just plugged in: all at rest, and the guest knows */
void usb_hid_gamepads_drop(struct usb_hid_gamepads *pads); /* the guest stopped listening: all at rest, told when it listens again */

/* False: everything had to be thrown away. */
bool usb_hid_gamepads_button(struct usb_hid_gamepads *pads, uint8_t pad, uint8_t button, bool down);   /* button 0 .. */
bool usb_hid_gamepads_axis(struct usb_hid_gamepads *pads, uint8_t pad, uint16_t usage, int32_t value); /* also the hat */
bool usb_hid_gamepads_rest(struct usb_hid_gamepads *pads);

size_t usb_hid_gamepads_in(struct usb_hid_gamepads *pads, uint8_t *data);
size_t usb_hid_gamepad_report(const struct usb_hid_gamepad *state, uint8_t id, uint8_t *report);

#endif
