/* What every USB device answers from its descriptors (USB 2.0, chapter 9). Pure; any thread. */
#ifndef TRANSOM_HOST_USB_USB_STANDARD_H
#define TRANSOM_HOST_USB_USB_STANDARD_H

#include "host/usb/usb_function.h"

#define USB_INTERFACES_MAX 32u /* what usb-redir can describe */
#define USB_ENDPOINTS_MAX 16u  /* a direction, endpoint 0 included */

struct usb_interface {
  uint8_t number, class_code, subclass, protocol;
};

struct usb_endpoint {
  bool exists;
  uint8_t type; /* bmAttributes, bits 1..0: 1 isochronous, 2 bulk, 3 interrupt */
  uint8_t interval, interface;
  uint16_t packet_bytes;
};

struct usb_layout {
  struct usb_interface interfaces[USB_INTERFACES_MAX];
  size_t interface_count;
  struct usb_endpoint in[USB_ENDPOINTS_MAX], out[USB_ENDPOINTS_MAX];
};

/* Interfaces and endpoints with alternate setting `alternate[n]` chosen for interface number n. Our own descriptors: faults are asserted.
 */
void usb_standard_layout(const struct usb_descriptors *descriptors, const uint8_t alternate[USB_INTERFACES_MAX], struct usb_layout *layout);

/* The answer to a request to the device or an endpoint; number of bytes, or USB_STALL: none of these. */
int usb_standard_request(const struct usb_descriptors *descriptors, const struct usb_setup *setup, uint8_t in[USB_CONTROL_BYTES_MAX]);

#endif
