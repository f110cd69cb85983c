/* The other end of a usb-redir socket, as QEMU with a guest plays it: asks, and shows what the device says. Over libusbredirparser, which
 * checks every packet that the device sends; a packet that it refuses fails the test. For devices on a manual event loop: whoever waits
 * settles the loop. */
#ifndef TRANSOM_TESTS_SUPPORT_USB_HOST_H
#define TRANSOM_TESTS_SUPPORT_USB_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usbredirparser;

#define USB_HOST_REPORTS_MAX 4096
#define USB_HOST_REPORT_BYTES 64

struct usb_host_report {
  uint8_t endpoint, status;
  uint64_t id;
  size_t bytes;
  uint8_t data[USB_HOST_REPORT_BYTES];
};

struct usb_host {
  struct usbredirparser *parser;
  int socket;
  bool connected; /* the device said so, after interfaces and endpoints */
  bool hung_up, refused;
  uint8_t endpoint_types[32];
  uint16_t vendor, product, release;
  uint8_t configuration, configuration_status;
  uint8_t control_status;
  size_t control_bytes;
  uint8_t control_data[1024];
  unsigned controls; /* answered */
  struct usb_host_report reports[USB_HOST_REPORTS_MAX];
  size_t report_count;
  uint64_t next_id;
  /* Packets are counted apart from the parser, so that half of one shows at the end. */
  uint8_t header[16];
  size_t header_bytes, packet_rest;
  unsigned packets;
};

void usb_host_start(struct usb_host *host, int socket); /* the socket becomes the host's */
void usb_host_stop(struct usb_host *host);              /* hangs up */

void usb_host_read(struct usb_host *host); /* all that has come */
bool usb_host_is_between_packets(const struct usb_host *host);
void usb_host_set_configuration(struct usb_host *host, uint8_t configuration);
void usb_host_reset(struct usb_host *host);
void usb_host_control(struct usb_host *host, uint8_t request_type, uint8_t request, uint16_t value, uint16_t index, const uint8_t *data,
                      uint16_t length);
uint64_t usb_host_ask(struct usb_host *host, uint8_t endpoint); /* waits for a report; its number */
void usb_host_cancel(struct usb_host *host, uint64_t id);

#endif
