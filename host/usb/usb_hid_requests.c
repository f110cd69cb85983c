#include "host/usb/usb_hid_requests.h"

#include <string.h>

/* HID 1.11, sections 7.1 and 7.2. */
enum { GET_REPORT = 1, GET_IDLE = 2, GET_PROTOCOL = 3, SET_REPORT = 9, SET_IDLE = 10, SET_PROTOCOL = 11 };
enum { TYPE_HID = 0x21, TYPE_REPORT = 0x22 };                     /* section 7.1 */
enum { REPORT_INPUT = 1, REPORT_OUTPUT = 2, REPORT_FEATURE = 3 }; /* section 7.2.1 */

#define CLASS_DESCRIPTOR_BYTES 9
#define LEDS_MASK 0x1f
#define MULTIPLIER_BITS 2 /* of each wheel, in the mouse's feature report */

static int copy(uint8_t *in, const void *bytes, size_t count) {
  memcpy(in, bytes, count);
  return (int)count;
}

static int get_descriptor(const struct usb_hid_description *description, unsigned interface, const struct usb_setup *setup, uint8_t *in) {
  if (setup->value >> 8 == TYPE_HID)
    return copy(in, usb_hid_class_descriptor(description, interface), CLASS_DESCRIPTOR_BYTES);
  if (setup->value >> 8 != TYPE_REPORT)
    return USB_STALL;
  size_t bytes;
  const uint8_t *descriptor = usb_hid_report_descriptor(description, interface, &bytes);
  return copy(in, descriptor, bytes);
}

static int get_input(const struct usb_hid_function *hid, enum usb_hid_interface interface, uint8_t id, uint8_t *in) {
  if (interface == USB_HID_BOOT_KEYBOARD && id == 0)
    return (int)usb_hid_boot_report(hid->boot_protocol ? &hid->told_keys : &(struct usb_hid_keys){0}, in);
  if (interface == USB_HID_KEYS && id >= USB_HID_ID_BITMAP && id <= USB_HID_ID_SYSTEM)
    return (int)usb_hid_keys_report(hid->boot_protocol ? &(struct usb_hid_keys){0} : &hid->told_keys, id, in);
  if (interface == USB_HID_POINTER && id == USB_HID_ID_MOUSE)
    return (int)usb_hid_mouse_report(&(struct usb_hid_mouse){.buttons = hid->told_buttons}, in);
  if (interface == USB_HID_POINTER && id == USB_HID_ID_ABSOLUTE)
    return (int)usb_hid_absolute_report(hid->x, hid->y, in);
  if (interface == USB_HID_GAMEPADS && id >= 1 && id <= hid->description.gamepads)
    return (int)usb_hid_gamepad_report(&hid->gamepads.told[id - 1], id, in);
  return USB_STALL;
}

static int get_report(const struct usb_hid_function *hid, enum usb_hid_interface interface, const struct usb_setup *setup, uint8_t *in) {
  const uint8_t type = (uint8_t)(setup->value >> 8), id = setup->value & 0xff;
  if (type == REPORT_INPUT)
    return get_input(hid, interface, id, in);
  if (type == REPORT_OUTPUT && interface == USB_HID_BOOT_KEYBOARD && id == 0)
    return copy(in, &hid->leds, 1);
  if (type != REPORT_FEATURE || interface != USB_HID_POINTER || id != USB_HID_ID_MOUSE)
    return USB_STALL;
  const unsigned multipliers = hid->multiplied[USB_HID_VERTICAL] | (unsigned)hid->multiplied[USB_HID_HORIZONTAL] << MULTIPLIER_BITS;
  return copy(in, (const uint8_t[]){USB_HID_ID_MOUSE, (uint8_t)multipliers}, 2);
}

static int set_report(struct usb_hid_function *hid, enum usb_hid_interface interface, const struct usb_setup *setup, const uint8_t *out) {
  const uint8_t type = (uint8_t)(setup->value >> 8), id = setup->value & 0xff;
  if (type == REPORT_OUTPUT && interface == USB_HID_BOOT_KEYBOARD && id == 0 && setup->length >= 1) {
    usb_hid_function_set_leds(hid, out[0] & LEDS_MASK);
    return 0;
  }
  if (type == REPORT_FEATURE && interface == USB_HID_POINTER && id == USB_HID_ID_MOUSE && setup->length >= 2) {
    hid->multiplied[USB_HID_VERTICAL] = out[1] & 1;
    hid->multiplied[USB_HID_HORIZONTAL] = out[1] >> MULTIPLIER_BITS & 1;
    return 0;
  }
  return USB_STALL;
}

/* Only a keyboard must repeat itself (HID 1.11, section 7.2.4 and appendix G). */
static int set_idle(struct usb_hid_function *hid, enum usb_hid_interface interface, const struct usb_setup *setup) {
  const uint8_t rate = (uint8_t)(setup->value >> 8);
  if (interface != USB_HID_BOOT_KEYBOARD)
    return rate == 0 ? 0 : USB_STALL;
  usb_hid_function_set_idle_rate(hid, rate);
  return 0;
}

static int class_request(struct usb_hid_function *hid, enum usb_hid_interface interface, const struct usb_setup *setup, const uint8_t *out,
                         uint8_t *in) {
  const bool is_keyboard = interface == USB_HID_BOOT_KEYBOARD;
  switch (setup->request | (setup->request_type & USB_REQUEST_IN) << 8) {
  case GET_REPORT | USB_REQUEST_IN << 8:
    return get_report(hid, interface, setup, in);
  case GET_IDLE | USB_REQUEST_IN << 8:
    return copy(in, &(const uint8_t){is_keyboard ? hid->idle_rate : 0}, 1);
  case GET_PROTOCOL | USB_REQUEST_IN << 8:
    return is_keyboard ? copy(in, &(const uint8_t){!hid->boot_protocol}, 1) : USB_STALL;
  case SET_REPORT:
    return set_report(hid, interface, setup, out);
  case SET_IDLE:
    return set_idle(hid, interface, setup);
  case SET_PROTOCOL:
    if (!is_keyboard || setup->value > 1)
      return USB_STALL;
    usb_hid_function_set_protocol(hid, setup->value == 0);
    return 0;
  default:
    return USB_STALL;
  }
}

int usb_hid_requests_control(struct usb_hid_function *hid, const struct usb_setup *setup, const uint8_t *out,
                             uint8_t in[USB_CONTROL_BYTES_MAX]) {
  const uint8_t recipient = setup->request_type & USB_REQUEST_RECIPIENT_MASK, type = setup->request_type & USB_REQUEST_TYPE_MASK;
  if (recipient != USB_RECIPIENT_INTERFACE || !usb_hid_class_descriptor(&hid->description, setup->index))
    return USB_STALL;
  const enum usb_hid_interface interface = (enum usb_hid_interface)setup->index;
  if (type == USB_REQUEST_TYPE_STANDARD && setup->request == USB_REQUEST_GET_DESCRIPTOR && setup->request_type & USB_REQUEST_IN)
    return get_descriptor(&hid->description, interface, setup, in);
  return type == USB_REQUEST_TYPE_CLASS ? class_request(hid, interface, setup, out, in) : USB_STALL;
}
