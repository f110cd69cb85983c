/* The USB sink, its function and its transport against a host that the test plays, on a clock that the test moves. */
#ifndef TRANSOM_TESTS_USB_HID_FIXTURE_H
#define TRANSOM_TESTS_USB_HID_FIXTURE_H

#include "host/usb/usb_hid.h"
#include "support/usb_host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT USB_HID_ENDPOINT(USB_HID_BOOT_KEYBOARD)
#define KEYS USB_HID_ENDPOINT(USB_HID_KEYS)
#define POINTER USB_HID_ENDPOINT(USB_HID_POINTER)
#define KEY_A 0x04
#define BULK 2
#define CANCELLED 1
#define STALL 4

struct usb_hid_fixture {
  struct event_loop *loop;
  struct input_sink *sink;
  struct usb_host host;
  bool ready, resets_when_lost;
  unsigned ready_calls, warnings;
  uint32_t leds;
  char last_line[512];
};

/* For cmocka: *state is the fixture. */
int usb_hid_set_up(void **state);
int usb_hid_tear_down(void **state);

void settle(struct usb_hid_fixture *f); /* back and forth until nobody has anything more to say */
void plug_in(struct usb_hid_fixture *f);
void configure(struct usb_hid_fixture *f);
void key(struct usb_hid_fixture *f, uint16_t usage, bool down);

/* The host asks at the endpoint and has its answer, or NULL. */
const struct usb_host_report *next_report(struct usb_hid_fixture *f, uint8_t endpoint);

int16_t word(const struct usb_host_report *report, size_t at);
bool bitmap_has(const struct usb_host_report *report, uint8_t usage);

#endif
