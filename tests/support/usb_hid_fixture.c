#include "support/usb_hid_fixture.h"

#include "common/log.h"
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "support/manual_event_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void on_ready(bool ready, void *user_data) {
  struct usb_hid_fixture *f = user_data;
  f->ready = ready;
  f->ready_calls++;
  if (!ready && f->resets_when_lost)
    f->sink->impl->reset(f->sink);
}
static void on_leds(uint32_t leds, void *user_data) { ((struct usb_hid_fixture *)user_data)->leds = leds; }

static void on_line(enum log_level level, const char *line, void *user_data) {
  struct usb_hid_fixture *f = user_data;
  f->warnings += level <= LOG_WARNING;
  snprintf(f->last_line, sizeof(f->last_line), "%s", line);
}

void settle(struct usb_hid_fixture *f) {
  for (int i = 0; i < 4; i++) {
    manual_event_loop_settle(f->loop);
    if (f->host.parser)
      usb_host_read(&f->host);
  }
  assert_false(f->host.refused);
}

void plug_in(struct usb_hid_fixture *f) {
  int sockets[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  usb_host_start(&f->host, sockets[1]);
  assert_true(input_sink_usb_hid_attach(f->sink, sockets[0]));
  settle(f);
  assert_true(f->host.connected);
}

void configure(struct usb_hid_fixture *f) {
  usb_host_set_configuration(&f->host, 1);
  settle(f);
  assert_int_equal(f->host.configuration, 1);
}

int usb_hid_set_up(void **state) {
  struct usb_hid_fixture *f = *state = calloc(1, sizeof(*f));
  log_set_sink(on_line, f);
  f->loop = event_loop_create(EVENT_LOOP_AUTO);
  f->sink = input_sink_usb_hid_create(f->loop);
  f->sink->ready = on_ready;
  f->sink->leds = on_leds;
  f->sink->ready_user_data = f->sink->leds_user_data = f;
  return 0;
}

int usb_hid_tear_down(void **state) {
  struct usb_hid_fixture *f = *state;
  f->sink->impl->destroy(f->sink);
  usb_host_stop(&f->host);
  event_loop_destroy(f->loop);
  log_set_sink(NULL, NULL);
  free(f);
  return 0;
}

void key(struct usb_hid_fixture *f, uint16_t usage, bool down) { f->sink->impl->key(f->sink, INPUT_PAGE_KEYBOARD, usage, down); }

const struct usb_host_report *next_report(struct usb_hid_fixture *f, uint8_t endpoint) {
  const size_t before = f->host.report_count;
  usb_host_ask(&f->host, endpoint);
  settle(f);
  return f->host.report_count > before ? &f->host.reports[before] : NULL;
}

int16_t word(const struct usb_host_report *report, size_t at) { return (int16_t)(report->data[at] | report->data[at + 1] << 8); }

bool bitmap_has(const struct usb_host_report *report, uint8_t usage) {
  assert_int_equal(report->data[0], USB_HID_ID_BITMAP);
  return report->data[2 + (usage - USB_HID_KEY_FIRST) / 8] >> ((usage - USB_HID_KEY_FIRST) % 8) & 1;
}
