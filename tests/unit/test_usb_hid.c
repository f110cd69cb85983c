/* Keys, pointer and game controllers of the USB sink, as a host reads them. */
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/usb/usb_hid_function.h"
#include "support/manual_event_loop.h"
#include "support/usb_hid_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* --- keys --- */

static void keys_go_to_one_interface_only(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_ask(&f->host, BOOT);
  assert_null(next_report(f, KEYS));
  assert_true(f->ready);
  key(f, KEY_A, true);
  settle(f);
  assert_int_equal(f->host.report_count, 1);
  assert_int_equal(f->host.reports[0].endpoint, KEYS);
  assert_true(bitmap_has(&f->host.reports[0], KEY_A));
  usb_host_ask(&f->host, KEYS);
  usb_host_control(&f->host, 0x21, 11, 0, USB_HID_BOOT_KEYBOARD, NULL, 0); /* SET_PROTOCOL(boot): the key moves over */
  settle(f);
  assert_int_equal(f->host.report_count, 3);
  const struct usb_host_report *boot = &f->host.reports[f->host.reports[1].endpoint == BOOT ? 1 : 2];
  const struct usb_host_report *bitmap = &f->host.reports[f->host.reports[1].endpoint == BOOT ? 2 : 1];
  assert_int_equal(boot->bytes, USB_HID_BOOT_REPORT_BYTES);
  assert_int_equal(boot->data[2], KEY_A);
  assert_false(bitmap_has(bitmap, KEY_A));
  key(f, KEY_A, false);
  const struct usb_host_report *released = next_report(f, BOOT);
  assert_non_null(released);
  assert_int_equal(released->data[2], 0);
  assert_null(next_report(f, KEYS));
}

static void boot_keyboard_says_when_it_holds_too_many(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_control(&f->host, 0x21, 11, 0, USB_HID_BOOT_KEYBOARD, NULL, 0);
  assert_null(next_report(f, BOOT));
  for (uint8_t i = 0; i < 7; i++)
    key(f, (uint16_t)(KEY_A + i), true);
  settle(f);
  for (int i = 0; i < 6; i++)
    next_report(f, BOOT);
  assert_int_equal(f->host.report_count, 7);
  assert_int_equal(f->host.reports[5].data[7], KEY_A + 5);
  for (int i = 2; i < 8; i++)
    assert_int_equal(f->host.reports[6].data[i], 1); /* ErrorRollOver */
}

static void nothing_is_lost_while_the_host_is_busy(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_ask(&f->host, KEYS);
  settle(f);
  for (int i = 0; i < 100; i++) { /* one request: the rest waits here, not on the way */
    key(f, KEY_A, true);
    key(f, KEY_A, false);
  }
  settle(f);
  assert_int_equal(f->host.report_count, 1);
  for (size_t i = 1; i < 200; i++)
    assert_non_null(next_report(f, KEYS));
  for (size_t i = 0; i < 200; i++)
    assert_int_equal(bitmap_has(&f->host.reports[i], KEY_A), i % 2 == 0);
  assert_null(next_report(f, KEYS));
}

static void an_overflow_releases_everything(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_ask(&f->host, KEYS);
  settle(f);
  key(f, 0xe1, true);
  for (unsigned i = 0; i <= USB_HID_QUEUE_ENTRIES; i++)
    key(f, KEY_A, i % 2 == 0);
  assert_int_equal(f->warnings, 1);
  settle(f);
  const struct usb_host_report *report = next_report(f, KEYS);
  assert_non_null(report);
  assert_int_equal(report->data[1], 0);
  assert_false(bitmap_has(report, KEY_A));
  assert_null(next_report(f, KEYS));
}

static void keys_that_nobody_hears_are_not_kept(void **state) {
  struct usb_hid_fixture *f = *state;
  key(f, KEY_A, true); /* plugged in nowhere */
  plug_in(f);
  key(f, KEY_A, true); /* not configured */
  configure(f);
  key(f, KEY_A, true); /* no driver */
  assert_false(f->ready);
  assert_null(next_report(f, KEYS));
  assert_true(f->ready);
  usb_host_reset(&f->host);
  settle(f);
  assert_false(f->ready);
  assert_int_equal(f->host.reports[0].status, CANCELLED);
}

static void a_lost_report_is_told_again(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  const uint64_t id = usb_host_ask(&f->host, KEYS);
  settle(f);
  key(f, KEY_A, true);
  settle(f);
  usb_host_ask(&f->host, KEYS);
  usb_host_cancel(&f->host, id); /* crossed with the answer, which QEMU throws away */
  settle(f);
  assert_int_equal(f->host.report_count, 2);
  assert_true(bitmap_has(&f->host.reports[1], KEY_A));
}

static void a_driver_that_goes_ends_it(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  const uint64_t first = usb_host_ask(&f->host, KEYS);
  settle(f);
  key(f, KEY_A, true);
  const uint64_t second = usb_host_ask(&f->host, KEYS);
  settle(f);
  assert_int_equal(f->host.reports[0].id, first);
  usb_host_cancel(&f->host, second);
  settle(f);
  assert_false(f->ready);
  assert_int_equal(f->host.reports[1].status, CANCELLED);
  const struct usb_host_report *report = next_report(f, KEYS); /* back: it must not believe the key is down */
  assert_non_null(report);
  assert_false(bitmap_has(report, KEY_A));
}

static void a_button_that_was_down_when_the_driver_went_is_up(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  assert_null(next_report(f, POINTER));
  f->sink->impl->button(f->sink, INPUT_BUTTON_EXTRA, true);
  usb_host_cancel(&f->host, usb_host_ask(&f->host, POINTER));
  settle(f);
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, true); /* nobody hears it */
  const struct usb_host_report *report = next_report(f, POINTER);
  assert_non_null(report);
  assert_int_equal(word(report, 1), 0);
  assert_null(next_report(f, POINTER));
}

static void leds_and_idle_rate(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_control(&f->host, 0x21, 9, 0x0200, USB_HID_BOOT_KEYBOARD, (const uint8_t[]){0x02}, 1);
  settle(f);
  assert_int_equal(f->leds, INPUT_LED_CAPS);
  usb_host_control(&f->host, 0x21, 10, 0x0300, USB_HID_BOOT_KEYBOARD, NULL, 0); /* SET_IDLE: 3 * 4 ms */
  assert_null(next_report(f, BOOT));
  manual_event_loop_advance(f->loop, UINT64_C(12000000));
  settle(f);
  assert_int_equal(f->host.report_count, 1);
  usb_host_control(&f->host, 0xa1, 2, 0, USB_HID_BOOT_KEYBOARD, NULL, 1);
  settle(f);
  assert_int_equal(f->host.control_data[0], 3);
}

/* --- pointer --- */

static void a_slow_host_gets_the_whole_motion(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  usb_host_ask(&f->host, POINTER);
  settle(f);
  long long x = 0, y = 0;
  unsigned asked = 1;
  for (int i = 0; i < 480000; i++) {            /* 60 s at 8 kHz; the host takes a report now and then */
    f->sink->impl->relative(f->sink, 100, -70); /* more than a report holds, between two */
    if (i % 499 == 0 && ++asked)
      next_report(f, POINTER);
  }
  while (f->host.report_count == asked && ++asked)
    next_report(f, POINTER);
  for (size_t i = 0; i < f->host.report_count; i++) {
    x += word(&f->host.reports[i], 3);
    y += word(&f->host.reports[i], 5);
  }
  assert_int_equal(x, 480000 * 100LL);
  assert_int_equal(y, 480000 * -70LL);
}

static void motion_never_crosses_a_button_or_wheel(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  const struct input_sink_impl *impl = f->sink->impl;
  usb_host_control(&f->host, 0x21, 9, 0x0301, USB_HID_POINTER, (const uint8_t[]){1, 0x05}, 2); /* both multipliers */
  usb_host_ask(&f->host, POINTER);
  settle(f);
  impl->button(f->sink, INPUT_BUTTON_LEFT, true); /* taken at once */
  impl->relative(f->sink, 1, 0);
  impl->relative(f->sink, 1, 0);
  impl->button(f->sink, INPUT_BUTTON_LEFT, false);
  impl->relative(f->sink, 10, 0);
  impl->wheel(f->sink, 15, 0);
  impl->wheel(f->sink, 15, 0);
  impl->wheel(f->sink, -15, 0);
  impl->relative(f->sink, 100, 0);
  settle(f);
  /*                               buttons, dx, wheel */
  static const int16_t wanted[][3] = {{1, 0, 0}, {0, 2, 0}, {0, 10, 30}, {0, 0, -15}, {0, 100, 0}};
  for (size_t i = 0; i < 5; i++) {
    const struct usb_host_report *report = i == 0 ? &f->host.reports[0] : next_report(f, POINTER);
    assert_non_null(report);
    assert_int_equal(word(report, 1), wanted[i][0]);
    assert_int_equal(word(report, 3), wanted[i][1]);
    assert_int_equal(word(report, 7), wanted[i][2]);
  }
  assert_null(next_report(f, POINTER));
}

static void wheels_are_notches_for_a_host_that_knows_no_more(void **state) {
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  configure(f);
  assert_null(next_report(f, POINTER));
  f->sink->impl->wheel(f->sink, 60, 0);
  settle(f);
  assert_int_equal(f->host.report_count, 0);
  f->sink->impl->wheel(f->sink, 60, 0);
  settle(f);
  assert_int_equal(word(&f->host.reports[0], 7), 1);
}

/* --- game controllers --- */

static void controllers_are_game_pads(void **state) {
  struct usb_hid_fixture *f = *state;
  const uint8_t pads = USB_HID_ENDPOINT(USB_HID_GAMEPADS);
  plug_in(f);
  configure(f);
  f->host.connected = false;
  assert_true(input_sink_usb_hid_set_controllers(f->sink, 2));
  settle(f);
  assert_true(f->host.connected); /* out and in again */
  assert_int_equal(f->host.endpoint_types[16 + 1 + USB_HID_GAMEPADS], BULK);
  configure(f);
  assert_null(next_report(f, pads));
  const struct input_sink_impl *impl = f->sink->impl;
  impl->controller(f->sink, 2, INPUT_PAGE_BUTTON, 1, 1); /* taken at once */
  impl->controller(f->sink, 2, INPUT_PAGE_DESKTOP, INPUT_USAGE_X, -40000);
  impl->controller(f->sink, 2, INPUT_PAGE_DESKTOP, INPUT_USAGE_X, -5); /* merged */
  impl->controller(f->sink, 2, INPUT_PAGE_BUTTON, 1, 0);
  impl->controller(f->sink, 1, INPUT_PAGE_DESKTOP, USB_HID_GAMEPAD_HAT, 7);
  impl->controller(f->sink, 3, INPUT_PAGE_BUTTON, 1, 1); /* there is no third */
  impl->reset(f->sink);
  settle(f);
  for (int i = 0; i < 5; i++)
    next_report(f, pads);
  assert_null(next_report(f, pads));
  /*                               pad, buttons, X, hat */
  static const int wanted[][4] = {{2, 1, 0, 8}, {2, 1, -5, 8}, {2, 0, -5, 8}, {1, 0, 0, 7}, {1, 0, 0, 8}, {2, 0, 0, 8}};
  assert_int_equal(f->host.report_count, 6);
  for (size_t i = 0; i < 6; i++) {
    const struct usb_host_report *report = &f->host.reports[i];
    assert_int_equal(report->bytes, USB_HID_GAMEPAD_REPORT_BYTES);
    assert_int_equal(report->data[0], wanted[i][0]);
    assert_int_equal(report->data[1], wanted[i][1]);
    assert_int_equal(word(report, 5), wanted[i][2]);
    assert_int_equal(report->data[17], wanted[i][3]);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, usb_hid_set_up, usb_hid_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(keys_go_to_one_interface_only),
      TEST(boot_keyboard_says_when_it_holds_too_many),
      TEST(nothing_is_lost_while_the_host_is_busy),
      TEST(an_overflow_releases_everything),
      TEST(keys_that_nobody_hears_are_not_kept),
      TEST(a_lost_report_is_told_again),
      TEST(a_driver_that_goes_ends_it),
      TEST(a_button_that_was_down_when_the_driver_went_is_up),
      TEST(leds_and_idle_rate),
      TEST(a_slow_host_gets_the_whole_motion),
      TEST(motion_never_crosses_a_button_or_wheel),
      TEST(wheels_are_notches_for_a_host_that_knows_no_more),
      TEST(controllers_are_game_pads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
