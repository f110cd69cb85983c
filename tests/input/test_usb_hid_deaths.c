/* The process that has the USB sink dies, or stands still, at a random moment while keys are down.
 *
 * In a real QEMU: the guest's own keyboard handler hears a release for every key that was down. A stopped process keeps its socket, so
 * there the test shuts the socket down from outside, as transom-serve's guard does. Against a host that the test plays, many more times: no
 * packet is ever cut, and the socket is closed. */
#include "usb_fixture.h"

#include "common/log.h"
#include "support/child_process.h"
#include "support/test_random.h"
#include "support/usb_host.h"

#include "host/usb/usb_hid.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_USAGE_A 0x04
#define KEYS 10
#define GUEST_CODES 256
#define STEP_NS UINT64_C(2000000)
#define POLL_MS 60000

static struct usb_fixture fixture;
static struct test_random moments = {.state = 1};

/* --- the process that dies --- */

struct typist {
  struct event_loop *loop;
  struct input_sink *sink;
  struct event_source *timer;
  struct test_random random;
  int socket;
  uint64_t step_ns;
};

static void type_something(void *user_data) {
  struct typist *typist = user_data;
  const struct input_sink_impl *impl = typist->sink->impl;
  const uint32_t what = test_random_below(&typist->random, 8);
  impl->key(typist->sink, INPUT_PAGE_KEYBOARD, (uint16_t)(KEY_USAGE_A + test_random_below(&typist->random, KEYS)), what < 6);
  if (what == 7)
    impl->relative(typist->sink, 3, 4);
}

static void on_ready(bool ready, void *user_data) {
  struct typist *typist = user_data;
  if (ready)
    event_timer_set(typist->timer, typist->step_ns, typist->step_ns);
}

static void type_until_killed(void *user_data) {
  struct typist *typist = user_data;
  typist->loop = event_loop_create(EVENT_LOOP_EPOLL);
  typist->sink = input_sink_usb_hid_create(typist->loop);
  typist->timer = event_loop_add_timer(typist->loop, type_something, typist);
  typist->sink->ready = on_ready;
  typist->sink->ready_user_data = typist;
  input_sink_usb_hid_attach(typist->sink, typist->socket);
  event_loop_run(typist->loop);
}

static pid_t start_typist(int socket, uint64_t step_ns) {
  struct typist typist = {.random = {.state = test_random_next(&moments)}, .socket = socket, .step_ns = step_ns};
  return child_process_start(type_until_killed, &typist);
}

/* --- in a real guest --- */

struct watch {
  bool down[GUEST_CODES];
  int gone;
};

static void take_line(struct watch *watch, const char *line) {
  unsigned code, down;
  watch->gone += strncmp(line, "gone ", 5) == 0;
  if (sscanf(line, "console %u %u", &code, &down) == 2 && code < GUEST_CODES)
    watch->down[code] = down;
}

static int count_down(const struct watch *watch) {
  int count = 0;
  for (int i = 0; i < GUEST_CODES; i++)
    count += watch->down[i];
  return count;
}

static void one_death_in_a_guest(struct usb_fixture *f, bool stopped) {
  struct watch watch = {0};
  const int socket = usb_fixture_connect(f);
  const pid_t typist = start_typist(socket, STEP_NS);
  if (!stopped)
    close(socket);
  int lines = (int)test_random_below(&moments, 30);
  while (lines-- > 0 || count_down(&watch) == 0)
    take_line(&watch, guest_machine_wait(&f->machine, "console "));
  if (stopped) {
    child_process_stop(typist);
    shutdown(socket, SHUT_RDWR);
    close(socket);
  } else {
    child_process_kill(typist);
  }
  while (watch.gone < USB_FIXTURE_GUEST_DEVICES || count_down(&watch) > 0)
    take_line(&watch, guest_machine_wait(&f->machine, " "));
  if (stopped)
    child_process_kill(typist);
}

static void the_guest_releases_every_key(void **state) {
  struct usb_fixture *f = *state;
  guest_machine_boot(&f->machine, NULL);
  guest_machine_record(&f->machine, "--name Transom --console");
  const unsigned rounds = usb_fixture_rounds("deaths in a real guest", 40, 10);
  for (unsigned i = 0; i < rounds; i++)
    one_death_in_a_guest(f, i % 2);
  guest_machine_kill(&f->machine);
}

/* --- against a host that the test plays --- */

static bool wait_and_read(struct usb_host *host) {
  struct pollfd polled = {.fd = host->socket, .events = POLLIN};
  assert_int_equal(poll(&polled, 1, POLL_MS), 1);
  usb_host_read(host);
  assert_false(host->refused);
  return !host->hung_up;
}

static void one_death_at_a_socket(void) {
  static struct usb_host host;
  int sockets[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  const pid_t typist = start_typist(sockets[0], 20000);
  close(sockets[0]);
  usb_host_start(&host, sockets[1]);
  while (!host.connected)
    assert_true(wait_and_read(&host));
  usb_host_set_configuration(&host, 1);
  for (int interface = 0; interface < USB_HID_INTERFACES; interface++)
    usb_host_ask(&host, USB_HID_ENDPOINT(interface));
  const size_t wanted = test_random_below(&moments, 60);
  for (size_t answered = 0; answered < wanted;) {
    assert_true(wait_and_read(&host));
    for (; answered < host.report_count; answered++)
      usb_host_ask(&host, host.reports[answered].endpoint);
  }
  child_process_kill(typist);
  while (wait_and_read(&host))
    ;
  assert_true(usb_host_is_between_packets(&host));
  usb_host_stop(&host);
}

static void no_packet_is_cut_and_the_socket_closes(void **state) {
  (void)state;
  const unsigned rounds = usb_fixture_rounds("deaths at a socket", 10000, 100);
  for (unsigned i = 0; i < rounds; i++)
    one_death_at_a_socket();
}

static int set_up(void **state) {
  const char *seed = getenv("TRANSOM_SEED");
  moments.state = seed ? strtoull(seed, NULL, 0) : (uint64_t)getpid();
  print_message("TRANSOM_SEED=%llu\n", (unsigned long long)moments.state);
  *state = &fixture;
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  const bool has_guest = guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_packet_is_cut_and_the_socket_closes),
      cmocka_unit_test(the_guest_releases_every_key),
  };
  const int failed = has_guest ? cmocka_run_group_tests(tests, set_up, NULL) : 77;
  if (has_guest)
    guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
