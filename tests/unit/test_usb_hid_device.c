/* The USB sink as a device on a host: its descriptors, and the connection that it lives on. */
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/usb/usb_identity.h"
#include "host/usb/usb_standard.h"
#include "support/manual_event_loop.h"
#include "support/usb_hid_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_NS UINT64_C(1000000000)

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
  struct usb_hid_fixture *f = *state;
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
  struct usb_hid_fixture *f = *state;
  plug_in(f);
  for (int i = 1; i <= USB_HID_GAMEPADS; i++)
    assert_int_equal(f->host.endpoint_types[16 + i], BULK);
}

/* --- the connection --- */

static void garbage_ends_it_with_one_line(void **state) {
  struct usb_hid_fixture *f = *state;
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
  struct usb_hid_fixture *f = *state;
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
  struct usb_hid_fixture *f = *state;
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
  struct usb_hid_fixture *f = *state;
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
  struct usb_hid_fixture *f = *state;
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, usb_hid_set_up, usb_hid_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_release_number_moves_with_the_descriptors),
      TEST(the_host_gets_every_descriptor),
      TEST(interrupt_endpoints_are_pulled),
      TEST(garbage_ends_it_with_one_line),
      TEST(a_reset_from_inside_the_loss_is_fine),
      TEST(reconnects_once_a_second),
      TEST(garbage_again_and_again_is_said_once),
      TEST(a_host_that_does_not_read_is_not_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
