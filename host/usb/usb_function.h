/* The seam between a USB device's transport (usb_redir_device.c) and what the device is: HID (usb_hid_function.c), later UAC2 audio.
 *
 * A device is its descriptors, as constant bytes, and the entries below; the transport reads endpoints and interfaces from the descriptors
 * and answers the standard requests by itself (USB 2.0, section 9.4). Threads: one, that of the transport's event loop. The entries neither
 * block nor call back into the transport; what they want to send they say by usb_redir_device_kick(), later. */
#ifndef TRANSOM_HOST_USB_USB_FUNCTION_H
#define TRANSOM_HOST_USB_USB_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_STALL (-1)
#define USB_CONTROL_BYTES_MAX 1024 /* data of one control request, either way; more is stalled */
#define USB_PACKET_BYTES_MAX 64    /* of an IN endpoint: a high-speed interrupt endpoint without extra settings has at most 1024 */
#define USB_DEVICE_DESCRIPTOR_BYTES 18

/* Of bmRequestType (USB 2.0, table 9-2). */
#define USB_REQUEST_IN 0x80
#define USB_REQUEST_TYPE_MASK 0x60
#define USB_REQUEST_TYPE_STANDARD 0x00
#define USB_REQUEST_TYPE_CLASS 0x20
#define USB_REQUEST_RECIPIENT_MASK 0x1f
#define USB_RECIPIENT_DEVICE 0
#define USB_RECIPIENT_INTERFACE 1
#define USB_RECIPIENT_ENDPOINT 2

enum { USB_REQUEST_GET_STATUS = 0, USB_REQUEST_CLEAR_FEATURE = 1, USB_REQUEST_GET_DESCRIPTOR = 6 };

struct usb_setup {
  uint8_t request_type, request;
  uint16_t value, index, length;
};

struct usb_descriptors {
  const uint8_t *device; /* USB_DEVICE_DESCRIPTOR_BYTES */
  const uint8_t *configuration;
  size_t configuration_bytes;
  const char *const *strings; /* string descriptors 1 .. string_count, ASCII */
  size_t string_count;
};

struct usb_function_impl {
  const char *name; /* "hid" */
  /* A request that is not answered from the descriptors: class requests, and standard ones to an interface. `out`: setup->length bytes for
   * a request without USB_REQUEST_IN, else NULL. Number of bytes put into `in`, or USB_STALL. */
  int (*control)(void *function, const struct usb_setup *setup, const uint8_t *out, uint8_t in[USB_CONTROL_BYTES_MAX]);
  /* The guest waits at this IN endpoint: what to give it now. 0 = nothing; it waits on until usb_redir_device_kick(). Data plane. */
  size_t (*in)(void *function, uint8_t endpoint, uint8_t data[USB_PACKET_BYTES_MAX]);
  /* What in() gave last may not have arrived: the guest took its request back meanwhile. */
  void (*in_lost)(void *function, uint8_t endpoint);
  /* The guest waits at the endpoint from now on (between two requests also), or does so no longer. */
  void (*listening)(void *function, uint8_t endpoint, bool listening);
  /* Back to what a device is after a reset of the bus; also when the guest, or QEMU, is gone. Endpoints have stopped listening before. */
  void (*reset)(void *function);
};

#endif
