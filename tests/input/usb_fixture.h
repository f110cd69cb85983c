/* A guest with our USB device in it, and the sink behind it. */
#ifndef TRANSOM_TESTS_INPUT_USB_FIXTURE_H
#define TRANSOM_TESTS_INPUT_USB_FIXTURE_H

#include "host/event/event_loop.h"
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "support/guest_machine.h"

#include <stdint.h>

#define USB_FIXTURE_GUEST_DEVICES 4 /* that Linux makes of ours: boot keyboard, keys, mouse, absolute pointer */

struct usb_fixture {
  struct event_loop *loop;
  struct guest_machine machine;
  struct input_sink *sink;
  bool ready;
  uint32_t leds;
};

void usb_fixture_create_sink(struct usb_fixture *fixture);
void usb_fixture_wait_ready(struct usb_fixture *fixture); /* and until the recorder has the devices open */
void usb_fixture_wait_unready(struct usb_fixture *fixture);
/* Starts the recorder anew. Linux reads a mouse only while someone has it open: waits until it does so again. */
void usb_fixture_record(struct usb_fixture *fixture, const char *options);

void usb_fixture_key(struct usb_fixture *fixture, uint16_t page, uint16_t usage, bool down);
int usb_fixture_connect(const struct usb_fixture *fixture); /* a socket that leads to QEMU */

/* TRANSOM_LONG=1: `full`; else a hundredth, at least `least`. Printed. */
unsigned usb_fixture_rounds(const char *what, unsigned full, unsigned least);

#endif
