#include "usb_fixture.h"

#include "common/unix_socket_linux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TURN_MS 20
#define SIDE_RELEASED " 1 275 0"  /* EV_KEY, BTN_SIDE */
#define EXTRA_RELEASED " 1 276 0" /* BTN_EXTRA */

static void on_ready(bool ready, void *user_data) { ((struct usb_fixture *)user_data)->ready = ready; }
static void on_leds(uint32_t leds, void *user_data) { ((struct usb_fixture *)user_data)->leds = leds; }

void usb_fixture_create_sink(struct usb_fixture *fixture) {
  fixture->sink = input_sink_usb_hid_create(fixture->loop);
  assert_non_null(fixture->sink);
  fixture->sink->ready = on_ready;
  fixture->sink->leds = on_leds;
  fixture->sink->ready_user_data = fixture->sink->leds_user_data = fixture;
}

static bool is_ready(void *user_data) { return ((struct usb_fixture *)user_data)->ready; }
static bool is_not_ready(void *user_data) { return !((struct usb_fixture *)user_data)->ready; }

void usb_fixture_wait_ready(struct usb_fixture *fixture) {
  guest_machine_until(&fixture->machine, is_ready, fixture, "the guest's driver reads the keyboard");
  for (int i = 0; i < USB_FIXTURE_GUEST_DEVICES; i++)
    guest_machine_wait(&fixture->machine, "device ");
}

void usb_fixture_wait_unready(struct usb_fixture *fixture) {
  guest_machine_until(&fixture->machine, is_not_ready, fixture, "the sink knows that nobody hears it");
}

static void click(struct usb_fixture *fixture, enum input_button button) {
  fixture->sink->impl->button(fixture->sink, button, true);
  fixture->sink->impl->button(fixture->sink, button, false);
}

void usb_fixture_record(struct usb_fixture *fixture, const char *options) {
  guest_machine_record(&fixture->machine, options);
  do { /* a click that nobody hears leaves no trace */
    event_loop_run_once(fixture->loop, TURN_MS);
    click(fixture, INPUT_BUTTON_SIDE);
  } while (!strstr(guest_machine_sync(&fixture->machine), SIDE_RELEASED));
  click(fixture, INPUT_BUTTON_EXTRA); /* behind all the clicks that were heard */
  guest_machine_wait(&fixture->machine, EXTRA_RELEASED);
}

void usb_fixture_key(struct usb_fixture *fixture, uint16_t page, uint16_t usage, bool down) {
  fixture->sink->impl->key(fixture->sink, page, usage, down);
}

int usb_fixture_connect(const struct usb_fixture *fixture) {
  const int fd = unix_socket_connect(fixture->machine.usb_socket);
  assert_true(fd >= 0);
  return fd;
}

unsigned usb_fixture_rounds(const char *what, unsigned full, unsigned least) {
  const char *is_long = getenv("TRANSOM_LONG");
  const unsigned hundredth = full / 100 > least ? full / 100 : least;
  const unsigned rounds = is_long && is_long[0] == '1' ? full : hundredth;
  print_message("%s: %u of %u\n", what, rounds, full);
  return rounds;
}
