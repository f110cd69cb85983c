/* The USB sink, its function and its transport against a host that the test plays, on a clock that the test moves. */
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/usb/usb_hid.h"
#include "host/usb/usb_hid_function.h"
#include "host/usb/usb_identity.h"
#include "host/usb/usb_standard.h"

#include "common/log.h"
#include "support/manual_event_loop.h"
#include "support/usb_host.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_NS UINT64_C(1000000000)
#define BOOT USB_HID_ENDPOINT(USB_HID_BOOT_KEYBOARD)
#define KEYS USB_HID_ENDPOINT(USB_HID_KEYS)
#define POINTER USB_HID_ENDPOINT(USB_HID_POINTER)
#define KEY_A 0x04
#define BULK 2
#define CANCELLED 1
#define STALL 4

struct fixture {
  struct event_loop *loop;
  struct input_sink *sink;
  struct usb_host host;
  bool ready, resets_when_lost;
  unsigned ready_calls, warnings;
  uint32_t leds;
  char last_line[512];
};

static void on_ready(bool ready, void *user_data) {
  struct fixture *f = user_data;
  f->ready = ready;
  f->ready_calls++;
  if (!ready && f->resets_when_lost)
    f->sink->impl->reset(f->sink);
}
static void on_leds(uint32_t leds, void *user_data) { ((struct fixture *)user_data)->leds = leds; }

static void on_line(enum log_level level, const char *line, void *user_data) {
  struct fixture *f = user_data;
  f->warnings += level <= LOG_WARNING;
  snprintf(f->last_line, sizeof(f->last_line), "%s", line);
}

/* Back and forth until nobody has anything more to say. */
static void settle(struct fixture *f) {
  for (int i = 0; i < 4; i++) {
    manual_event_loop_settle(f->loop);
    if (f->host.parser)
      usb_host_read(&f->host);
  }
  assert_false(f->host.refused);
}

static void plug_in(struct fixture *f) {
  int sockets[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  usb_host_start(&f->host, sockets[1]);
  assert_true(input_sink_usb_hid_attach(f->sink, sockets[0]));
  settle(f);
  assert_true(f->host.connected);
}

static void configure(struct fixture *f) {
  usb_host_set_configuration(&f->host, 1);
  settle(f);
  assert_int_equal(f->host.configuration, 1);
}

static int set_up(void **state) {
  struct fixture *f = *state = calloc(1, sizeof(*f));
  log_set_sink(on_line, f);
  f->loop = event_loop_create(EVENT_LOOP_AUTO);
  f->sink = input_sink_usb_hid_create(f->loop);
  f->sink->ready = on_ready;
  f->sink->leds = on_leds;
  f->sink->ready_user_data = f->sink->leds_user_data = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  f->sink->impl->destroy(f->sink);
  usb_host_stop(&f->host);
  event_loop_destroy(f->loop);
  log_set_sink(NULL, NULL);
  free(f);
  return 0;
}

static void key(struct fixture *f, uint16_t usage, bool down) { f->sink->impl->key(f->sink, INPUT_PAGE_KEYBOARD, usage, down); }

/* The host asks at the endpoint and has its answer, or NULL. */
static const struct usb_host_report *next_report(struct fixture *f, uint8_t endpoint) {
  const size_t before = f->host.report_count;
  usb_host_ask(&f->host, endpoint);
  settle(f);
  return f->host.report_count > before ? &f->host.reports[before] : NULL;
}

static int16_t word(const struct usb_host_report *report, size_t at) { return (int16_t)(report->data[at] | report->data[at + 1] << 8); }

static bool bitmap_has(const struct usb_host_report *report, uint8_t usage) {
  assert_int_equal(report->data[0], USB_HID_ID_BITMAP);
  return report->data[2 + (usage - USB_HID_KEY_FIRST) / 8] >> ((usage - USB_HID_KEY_FIRST) % 8) & 1;
}

/* --- descriptors --- */

static uint64_t hash(uint64_t seed, const uint8_t *bytes, size_t count) { /* FNV-1a */
  for (size_t i = 0; i < count; i++)
    seed = (seed ^ bytes[i]) * UINT64_C(0x100000001b3);
  return seed;
}

static uint64_t descriptors_hash(unsigned gamepads) {
  struct usb_hid_description description;
  usb_hid_describe(&description, gamepads);
  description.device[12] = description.device[13] = 0; /* the release itself */
  uint64_t sum = hash(UINT64_C(0xcbf29ce484222325), description.device, sizeof(description.device));
  sum = hash(sum, description.configuration, description.descriptors.configuration_bytes);
  size_t bytes;
  const uint8_t *report;
  for (unsigned interface = 0; (report = usb_hid_report_descriptor(&description, interface, &bytes)); interface++)
    sum = hash(sum, report, bytes);
  for (size_t i = 0; i < description.descriptors.string_count; i++)
    sum = hash(sum, (const uint8_t *)description.descriptors.strings[i], strlen(description.descriptors.strings[i]));
  return sum;
}

/* A changed descriptor: raise USB_IDENTITY_RELEASE by 0x10 and write the new line here. Guests keep descriptors by that number. */
static void the_release_number_moves_with_the_descriptors(void **state) {
  (void)state;
  static const struct {
    uint16_t release;
    uint64_t none, most; /* game pads */
  } releases[] = {{0x0100, UINT64_C(0x32823f73de9686fe), UINT64_C(0x6f94ce6187829aa4)}};
  const size_t newest = sizeof(releases) / sizeof(releases[0]) - 1;
  const uint64_t none = descriptors_hash(0), most = descriptors_hash(USB_HID_GAMEPADS_MAX);
  assert_int_equal(releases[newest].release, USB_IDENTITY_RELEASE);
  if (releases[newest].none != none || releases[newest].most != most)
    fail_msg("the descriptors' hashes are now 0x%016llx and 0x%016llx", (unsigned long long)none, (unsigned long long)most);
}

static void the_host_gets_every_descriptor(void **state) {
  struct fixture *f = *state;
  struct usb_hid_description description;
  usb_hid_describe(&description, USB_HID_GAMEPADS_MAX);
  assert_false(input_sink_usb_hid_set_controllers(f->sink, USB_HID_GAMEPADS_MAX + 1)); /* one too many */
  plug_in(f);
  assert_int_equal(f->host.vendor, USB_IDENTITY_VENDOR);
  assert_int_equal(f->host.release, USB_IDENTITY_RELEASE + USB_HID_GAMEPADS_MAX);
  usb_host_control(&f->host, 0x80, 6, 0x0100, 0, NULL, 64);
  settle(f);
  assert_int_equal(f->host.control_bytes, USB_DEVICE_DESCRIPTOR_BYTES);
  usb_host_control(&f->host, 0x80, 6, 0x0200, 0, NULL, 9); /* only the beginning */
  settle(f);
  assert_int_equal(f->host.control_bytes, 9);
  assert_int_equal(f->host.control_data[2] | f->host.control_data[3] << 8, description.descriptors.configuration_bytes);
  for (uint16_t interface = 0; interface < USB_HID_INTERFACES; interface++) {
    size_t bytes;
    usb_hid_report_descriptor(&description, interface, &bytes);
    usb_host_control(&f->host, 0x81, 6, 0x2200, interface, NULL, 1024);
    settle(f);
    assert_int_equal(f->host.control_bytes, bytes);
  }
  usb_host_control(&f->host, 0x80, 6, 0x0302, 0x0409, NULL, 255);
  settle(f);
  assert_int_equal(f->host.control_bytes, 2 + 2 * strlen(USB_IDENTITY_INPUT));
  usb_host_control(&f->host, 0x80, 6, 0x03ee, 0, NULL, 255); /* a Microsoft OS descriptor: none */
  settle(f);
  assert_int_equal(f->host.control_status, STALL);
}

static void interrupt_endpoints_are_pulled(void **state) {
  struct fixture *f = *state;
  plug_in(f);
  for (int i = 1; i <= USB_HID_GAMEPADS; i++)
    assert_int_equal(f->host.endpoint_types[16 + i], BULK);
}

/* --- keys --- */

static void keys_go_to_one_interface_only(void **state) {
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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
  struct fixture *f = *state;
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

/* --- the connection --- */

static void garbage_ends_it_with_one_line(void **state) {
  struct fixture *f = *state;
  int sockets[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  assert_true(input_sink_usb_hid_attach(f->sink, sockets[0]));
  char garbage[256];
  memset(garbage, 'x', sizeof(garbage));
  assert_int_equal(send(sockets[1], garbage, sizeof(garbage), 0), sizeof(garbage));
  manual_event_loop_settle(f->loop);
  assert_int_equal(f->warnings, 1);
  assert_non_null(strstr(f->last_line, "does not speak usb-redir"));
  while (recv(sockets[1], garbage, sizeof(garbage), MSG_DONTWAIT) > 0)
    ;
  assert_int_equal(recv(sockets[1], garbage, sizeof(garbage), MSG_DONTWAIT), 0); /* closed */
  close(sockets[1]);
  plug_in(f); /* and the sink is as good as new */
}

/* As whoever leaves capture does. */
static void a_reset_from_inside_the_loss_is_fine(void **state) {
  struct fixture *f = *state;
  f->resets_when_lost = true;
  plug_in(f);
  configure(f);
  assert_null(next_report(f, KEYS));
  assert_null(next_report(f, POINTER));
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, true);
  assert_int_equal(f->host.report_count, 0);
  usb_host_ask(&f->host, POINTER);
  settle(f);
  assert_int_equal(f->host.report_count, 1);
  usb_host_stop(&f->host);
  manual_event_loop_settle(f->loop);
  assert_false(f->ready);
  assert_int_equal(f->ready_calls, 2);
  plug_in(f);
  configure(f);
  assert_null(next_report(f, KEYS));
  assert_true(input_sink_usb_hid_set_controllers(f->sink, 1)); /* and from inside a change of controllers */
  assert_int_equal(f->ready_calls, 4);
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  unlink(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(fd, 1), 0);
  return fd;
}

static void reconnects_once_a_second(void **state) {
  struct fixture *f = *state;
  char path[64];
  snprintf(path, sizeof(path), "/tmp/usb-hid-%d", (int)getpid());
  assert_true(input_sink_usb_hid_connect(f->sink, path)); /* nobody there yet */
  const int listener = listen_at(path);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(accept(listener, NULL, NULL), -1);
    manual_event_loop_advance(f->loop, SECOND_NS);
    const int socket = accept(listener, NULL, NULL);
    assert_true(socket >= 0);
    usb_host_start(&f->host, socket);
    settle(f);
    assert_true(f->host.connected);
    configure(f);
    assert_null(next_report(f, KEYS));
    assert_true(f->ready);
    usb_host_stop(&f->host); /* QEMU ends */
    manual_event_loop_settle(f->loop);
    assert_false(f->ready);
  }
  assert_int_equal(f->warnings, 0);
  input_sink_usb_hid_detach(f->sink);
  manual_event_loop_advance(f->loop, 5 * SECOND_NS);
  assert_int_equal(accept(listener, NULL, NULL), -1);
  close(listener);
  unlink(path);
}

static void garbage_again_and_again_is_said_once(void **state) {
  struct fixture *f = *state;
  char path[64];
  snprintf(path, sizeof(path), "/tmp/usb-hid-%d", (int)getpid());
  const int listener = listen_at(path);
  assert_true(input_sink_usb_hid_connect(f->sink, path));
  for (int i = 0; i < 3; i++) {
    const int socket = accept(listener, NULL, NULL);
    assert_true(socket >= 0);
    assert_int_equal(send(socket, "HTTP/1.1 400 Bad Request", 24, 0), 24);
    manual_event_loop_settle(f->loop);
    close(socket);
    manual_event_loop_advance(f->loop, SECOND_NS);
  }
  assert_int_equal(f->warnings, 1);
  close(listener);
  unlink(path);
}

/* A host that asks and asks and never reads: its questions are left in the socket. */
static void a_host_that_does_not_read_is_not_read(void **state) {
  struct fixture *f = *state;
  plug_in(f);
  fcntl(f->host.socket, F_SETFL, O_NONBLOCK);
  unsigned sent = 0;
  while (!f->host.hung_up && sent < 20000) {
    usb_host_control(&f->host, 0x81, 6, 0x2200, USB_HID_POINTER, NULL, 1024);
    manual_event_loop_settle(f->loop);
    sent++;
  }
  assert_true(f->host.hung_up && sent < 20000); /* send() would have had to wait */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_release_number_moves_with_the_descriptors),
      TEST(the_host_gets_every_descriptor),
      TEST(interrupt_endpoints_are_pulled),
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
      TEST(garbage_ends_it_with_one_line),
      TEST(a_reset_from_inside_the_loss_is_fine),
      TEST(reconnects_once_a_second),
      TEST(garbage_again_and_again_is_said_once),
      TEST(a_host_that_does_not_read_is_not_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
