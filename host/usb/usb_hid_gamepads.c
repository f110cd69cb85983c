#include "host/usb/usb_hid_gamepads.h"

#include <assert.h>
#include <string.h>

#define STATE_MASK (USB_HID_GAMEPAD_STATES - 1)
#define AXIS_MAX 32767

_Static_assert((USB_HID_GAMEPAD_STATES & STATE_MASK) == 0, "indices run free and are masked");

/* clang-format off */
/* A pad: Game Pad, 32 buttons, six axes of 16 bits, hat with a null state (HID 1.11, section 6.2.2.5, bit 6). Items: usb_hid.c. */
#define PAD(id) \
  0x05, 0x01, 0x09, 0x05, 0xa1, 0x01, 0x85, (id),                         /* desktop page, Game Pad, application, report ID */ \
    0x05, 0x09, 0x19, 1, 0x29, 32, 0x15, 0, 0x25, 1, 0x95, 32, 0x75, 1, 0x81, 0x02,                       /* buttons 1 to 32 */ \
    0x05, 0x01, 0x19, 0x30, 0x29, 0x35, 0x16, 0x01, 0x80, 0x26, 0xff, 0x7f, 0x95, 6, 0x75, 16, 0x81, 0x02,        /* X to Rz */ \
    0x09, 0x39, 0x15, 0, 0x25, 7, 0x35, 0, 0x46, 0x3b, 0x01, 0x65, 0x14, 0x95, 1, 0x75, 4, 0x81, 0x42, /* hat, 0 to 315 degrees */ \
    0x45, 0, 0x65, 0, 0x95, 1, 0x75, 4, 0x81, 0x01,                                                                /* padding */ \
  0xc0
static const uint8_t one_pad[] = {PAD(1)};
const uint8_t usb_hid_gamepads_report_descriptor[] = {PAD(1), PAD(2), PAD(3), PAD(4)};
/* clang-format on */

_Static_assert(sizeof(usb_hid_gamepads_report_descriptor) == USB_HID_GAMEPADS_MAX * sizeof(one_pad), "one pad after the other");

static const struct usb_hid_gamepad at_rest = {.hat = USB_HID_GAMEPAD_HAT_REST};

size_t usb_hid_gamepads_descriptor_bytes(unsigned pads) { return pads * sizeof(one_pad); }

static bool is_same(const struct usb_hid_gamepad *a, const struct usb_hid_gamepad *b) {
  return a->buttons == b->buttons && a->hat == b->hat && memcmp(a->axes, b->axes, sizeof(a->axes)) == 0;
}

void usb_hid_gamepads_drop(struct usb_hid_gamepads *pads) {
  for (unsigned pad = 0; pad < USB_HID_GAMEPADS_MAX; pad++) {
    if (!is_same(&pads->told[pad], &at_rest))
      pads->due |= (uint8_t)(1u << pad);
    pads->told[pad] = pads->wanted[pad] = at_rest;
  }
  pads->count = 0;
}

void usb_hid_gamepads_init(struct usb_hid_gamepads *pads) {
  usb_hid_gamepads_drop(pads);
  pads->due = 0;
}

/* The last state that waits takes an axis if it is of the same pad and no button has closed it. */
static bool put(struct usb_hid_gamepads *pads, uint8_t pad, bool is_button) {
  const uint32_t last = (pads->first + pads->count - 1) & STATE_MASK;
  const bool merges = !is_button && pads->count > 0 && pads->waiting[last].pad == pad && !pads->waiting[last].final;
  if (!merges && pads->count == USB_HID_GAMEPAD_STATES) {
    usb_hid_gamepads_drop(pads);
    return false;
  }
  const uint32_t at = merges ? last : (pads->first + pads->count++) & STATE_MASK;
  pads->waiting[at].pad = pad;
  pads->waiting[at].final = is_button;
  pads->waiting[at].state = pads->wanted[pad];
  return true;
}

bool usb_hid_gamepads_button(struct usb_hid_gamepads *pads, uint8_t pad, uint8_t button, bool down) {
  assert(pad < USB_HID_GAMEPADS_MAX && button < USB_HID_GAMEPAD_BUTTONS);
  const uint32_t bit = UINT32_C(1) << button;
  if (((pads->wanted[pad].buttons & bit) != 0) == down)
    return true;
  pads->wanted[pad].buttons ^= bit;
  return put(pads, pad, true);
}

bool usb_hid_gamepads_axis(struct usb_hid_gamepads *pads, uint8_t pad, uint16_t usage, int32_t value) {
  assert(pad < USB_HID_GAMEPADS_MAX);
  struct usb_hid_gamepad *wanted = &pads->wanted[pad];
  if (usage == USB_HID_GAMEPAD_HAT)
    wanted->hat = value >= 0 && value < USB_HID_GAMEPAD_HAT_REST ? (uint8_t)value : USB_HID_GAMEPAD_HAT_REST;
  else if (usage >= USB_HID_GAMEPAD_AXIS_FIRST && usage < USB_HID_GAMEPAD_AXIS_FIRST + USB_HID_GAMEPAD_AXES)
    wanted->axes[usage - USB_HID_GAMEPAD_AXIS_FIRST] = (int16_t)(value > AXIS_MAX ? AXIS_MAX : value < -AXIS_MAX ? -AXIS_MAX : value);
  else
    return true;
  return put(pads, pad, usage == USB_HID_GAMEPAD_HAT); /* the hat is pressed like a button */
}

bool usb_hid_gamepads_rest(struct usb_hid_gamepads *pads) {
  for (uint8_t pad = 0; pad < USB_HID_GAMEPADS_MAX; pad++) {
    if (is_same(&pads->wanted[pad], &at_rest))
      continue;
    pads->wanted[pad] = at_rest;
    if (!put(pads, pad, true))
      return false;
  }
  return true;
}

size_t usb_hid_gamepad_report(const struct usb_hid_gamepad *state, uint8_t id, uint8_t *report) {
  uint8_t *at = report;
  *at++ = id;
  for (int i = 0; i < 4; i++)
    *at++ = (uint8_t)(state->buttons >> (8 * i));
  for (int i = 0; i < USB_HID_GAMEPAD_AXES; i++) {
    *at++ = (uint8_t)state->axes[i];
    *at++ = (uint8_t)((uint16_t)state->axes[i] >> 8);
  }
  *at++ = state->hat;
  return (size_t)(at - report);
}

size_t usb_hid_gamepads_in(struct usb_hid_gamepads *pads, uint8_t *data) {
  for (uint8_t pad = 0; pad < USB_HID_GAMEPADS_MAX; pad++) {
    if (!(pads->due >> pad & 1))
      continue;
    pads->due &= (uint8_t) ~(1u << pad);
    return usb_hid_gamepad_report(&pads->told[pad], (uint8_t)(pad + 1), data);
  }
  if (pads->count == 0)
    return 0;
  const uint32_t at = pads->first++ & STATE_MASK;
  const uint8_t pad = pads->waiting[at].pad;
  pads->count--;
  pads->told[pad] = pads->waiting[at].state;
  return usb_hid_gamepad_report(&pads->told[pad], (uint8_t)(pad + 1), data);
}
