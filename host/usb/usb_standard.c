#include "host/usb/usb_standard.h"

#include <assert.h>
#include <string.h>

/* Descriptor types: USB 2.0, table 9-5. */
enum { TYPE_DEVICE = 1, TYPE_CONFIGURATION = 2, TYPE_STRING = 3, TYPE_INTERFACE = 4, TYPE_ENDPOINT = 5 };

#define LANGUAGE_US_ENGLISH 0x0409
#define STATUS_SELF_POWERED 1

static void add_endpoint(const uint8_t *descriptor, uint8_t interface, struct usb_layout *layout) {
  const uint8_t address = descriptor[2];
  struct usb_endpoint *endpoints = address & USB_REQUEST_IN ? layout->in : layout->out;
  endpoints[address & 0x0f] = (struct usb_endpoint){
      .exists = true,
      .type = descriptor[3] & 3,
      .interval = descriptor[6],
      .interface = interface,
      .packet_bytes = (uint16_t)(descriptor[4] | descriptor[5] << 8),
  };
}

void usb_standard_layout(const struct usb_descriptors *descriptors, const uint8_t alternate[USB_INTERFACES_MAX],
                         struct usb_layout *layout) {
  memset(layout, 0, sizeof(*layout));
  bool chosen = false;
  uint8_t interface = 0;
  for (size_t at = 0; at < descriptors->configuration_bytes; at += descriptors->configuration[at]) {
    const uint8_t *descriptor = &descriptors->configuration[at];
    assert(descriptor[0] >= 2 && at + descriptor[0] <= descriptors->configuration_bytes);
    if (descriptor[1] == TYPE_INTERFACE) {
      interface = descriptor[2];
      assert(interface < USB_INTERFACES_MAX);
      chosen = alternate[interface] == descriptor[3];
      if (chosen)
        layout->interfaces[layout->interface_count++] = (struct usb_interface){interface, descriptor[5], descriptor[6], descriptor[7]};
    } else if (descriptor[1] == TYPE_ENDPOINT && chosen) {
      add_endpoint(descriptor, interface, layout);
    }
  }
}

static int copy(uint8_t *in, const uint8_t *bytes, size_t count) {
  assert(count <= USB_CONTROL_BYTES_MAX);
  memcpy(in, bytes, count);
  return (int)count;
}

/* USB 2.0, section 9.6.7: string 0 lists the languages, the others are UTF-16. */
static int string_descriptor(const struct usb_descriptors *descriptors, uint8_t index, uint8_t *in) {
  if (index > descriptors->string_count)
    return USB_STALL;
  if (index == 0)
    return copy(in, (const uint8_t[]){4, TYPE_STRING, LANGUAGE_US_ENGLISH & 0xff, LANGUAGE_US_ENGLISH >> 8}, 4);
  const char *text = descriptors->strings[index - 1];
  const size_t length = strlen(text);
  assert(length <= 126);
  in[0] = (uint8_t)(2 + 2 * length);
  in[1] = TYPE_STRING;
  for (size_t i = 0; i < length; i++) {
    in[2 + 2 * i] = (uint8_t)text[i];
    in[3 + 2 * i] = 0;
  }
  return in[0];
}

static int get_descriptor(const struct usb_descriptors *descriptors, const struct usb_setup *setup, uint8_t *in) {
  const uint8_t index = setup->value & 0xff;
  switch (setup->value >> 8) {
  case TYPE_DEVICE:
    return copy(in, descriptors->device, USB_DEVICE_DESCRIPTOR_BYTES);
  case TYPE_CONFIGURATION:
    return index == 0 ? copy(in, descriptors->configuration, descriptors->configuration_bytes) : USB_STALL;
  case TYPE_STRING:
    return string_descriptor(descriptors, index, in);
  default:
    return USB_STALL; /* a device qualifier also: there is no full-speed configuration of it */
  }
}

int usb_standard_request(const struct usb_descriptors *descriptors, const struct usb_setup *setup, uint8_t in[USB_CONTROL_BYTES_MAX]) {
  const uint8_t recipient = setup->request_type & USB_REQUEST_RECIPIENT_MASK;
  const bool is_in = setup->request_type & USB_REQUEST_IN;
  if ((setup->request_type & USB_REQUEST_TYPE_MASK) != USB_REQUEST_TYPE_STANDARD)
    return USB_STALL;
  if (setup->request == USB_REQUEST_GET_DESCRIPTOR && is_in && recipient == USB_RECIPIENT_DEVICE)
    return get_descriptor(descriptors, setup, in);
  if (setup->request == USB_REQUEST_GET_STATUS && is_in) {
    const bool self_powered = descriptors->configuration[7] & 0x40;
    return copy(in, (const uint8_t[]){recipient == USB_RECIPIENT_DEVICE && self_powered ? STATUS_SELF_POWERED : 0, 0}, 2);
  }
  if (setup->request == USB_REQUEST_CLEAR_FEATURE && !is_in && recipient == USB_RECIPIENT_ENDPOINT)
    return 0; /* no endpoint of ours ever halts */
  return USB_STALL;
}
