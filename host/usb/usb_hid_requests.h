/* Requests of the HID class (HID 1.11, section 7) to the input device. */
#ifndef TRANSOM_HOST_USB_USB_HID_REQUESTS_H
#define TRANSOM_HOST_USB_USB_HID_REQUESTS_H

#include "host/usb/usb_hid_function.h"

/* As control() of struct usb_function_impl. */
int usb_hid_requests_control(struct usb_hid_function *hid, const struct usb_setup *setup, const uint8_t *out,
                             uint8_t in[USB_CONTROL_BYTES_MAX]);

#endif
