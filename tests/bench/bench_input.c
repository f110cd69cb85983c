/* From a sink to the guest's evdev: usb-redir and QMP, one guest, one run. record_input writes a byte to QEMU's debug port the moment it
 * has read a report, and QEMU passes it on at once, so that both ends of each interval are on the host's clock; the byte's way back is part
 * of the figure. usb-redir must lose nothing at 1 kHz; that is checked, the times are only told.
 *
 * usage: bench_input [EVENTS [FILE]]     default 1000; FILE: the same as JSON, an object a line */
#include "input/usb_fixture.h"

#include "common/clock.h"
#include "common/histogram.h"
#include "common/log.h"
#include "common/unix_socket_linux.h"
#include "support/test_random.h"

#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_USAGE_A 0x04
#define MOUSE_HZ 1000
#define MOUSE_SECONDS 5
#define WARM_UP 20
#define NS_PER_US 1000.0
#define NS_PER_S UINT64_C(1000000000)

struct bench {
  struct usb_fixture usb;
  char echo_socket[96];
  int echo;
  struct event_source *echo_source, *timer;
  unsigned echoes;
  uint64_t echo_ns;
  int moved;
  unsigned events;
  FILE *json; /* NULL = not wanted */
};

static struct bench bench;

static void on_echo(int fd, uint32_t events, void *user_data) {
  (void)events;
  struct bench *b = user_data;
  char bytes[256];
  const ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  b->echo_ns = clock_monotonic_ns();
  b->echoes += count > 0 ? (unsigned)count : 0;
}

static bool has_echo(void *user_data) { return ((struct bench *)user_data)->echoes > 0; }

static uint64_t own_cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
         (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* Jiffies of user and system time: fields 14 and 15 of proc(5)'s stat. */
static uint64_t qemu_cpu_ns(const struct bench *b) {
  char path[64];
  unsigned long long user = 0, system = 0;
  snprintf(path, sizeof(path), "/proc/%d/stat", (int)b->usb.machine.qemu);
  FILE *file = fopen(path, "r");
  if (file && fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
    user = system = 0;
  if (file)
    fclose(file);
  return (user + system) * NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* The interval between events is random, so that no timer of either side is met in step. */
static void pause_a_little(struct bench *b, struct test_random *random) {
  const uint64_t end_ns = clock_monotonic_ns() + 2000000 + test_random_below(random, 6000000);
  for (uint64_t now_ns; (now_ns = clock_monotonic_ns()) < end_ns;)
    event_loop_run_once(b->usb.loop, (int)((end_ns - now_ns) / 1000000) + 1); /* in one sleep: our CPU time is measured */
}

static void tell(const struct bench *b, const char *name, const struct histogram *histogram, double own_us, double qemu_us) {
  const double p50 = (double)histogram_quantile(histogram, 500) / NS_PER_US, p99 = (double)histogram_quantile(histogram, 990) / NS_PER_US;
  const double p999 = (double)histogram_quantile(histogram, 999) / NS_PER_US, max = (double)histogram->maximum / NS_PER_US;
  printf(
      "%-9s event -> guest evdev: p50 %7.0f us  p99 %7.0f us  max %7.0f us  of %u; CPU per event: ours %.0f us, QEMU with guest %.0f us\n",
      name, p50, p99, max, b->events, own_us, qemu_us);
  if (b->json)
    fprintf(b->json,
            "{\"sink\":\"%s\",\"count\":%u,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"own_cpu_us\":%.1f,"
            "\"qemu_cpu_us\":%.1f}\n",
            name, b->events, p50, p99, p999, max, own_us, qemu_us);
}

static void measure(struct bench *b, struct input_sink *sink, const char *name) {
  static struct histogram histogram;
  struct test_random random = {.state = 7};
  histogram_clear(&histogram);
  uint64_t own_ns = 0, qemu_ns = 0;
  for (unsigned i = 0; i < b->events + WARM_UP; i++) {
    if (i == WARM_UP) {
      own_ns = own_cpu_ns();
      qemu_ns = qemu_cpu_ns(b);
    }
    b->echoes = 0;
    const uint64_t sent_ns = clock_monotonic_ns();
    sink->impl->key(sink, INPUT_PAGE_KEYBOARD, KEY_USAGE_A, i % 2 == 0);
    guest_machine_until(&b->usb.machine, has_echo, b, "the guest's echo");
    if (i >= WARM_UP)
      histogram_add(&histogram, b->echo_ns - sent_ns);
    pause_a_little(b, &random);
  }
  tell(b, name, &histogram, (double)(own_cpu_ns() - own_ns) / NS_PER_US / b->events,
       (double)(qemu_cpu_ns(b) - qemu_ns) / NS_PER_US / b->events);
}

static void on_mouse_timer(void *user_data) {
  struct bench *b = user_data;
  b->usb.sink->impl->relative(b->usb.sink, 1, -2);
  b->moved++;
}

static bool has_moved(void *user_data) { return ((struct bench *)user_data)->moved >= MOUSE_HZ * MOUSE_SECONDS; }

/* Sum and number of reports of REL_X since the last time. */
static void read_sum(struct bench *b, long long *sum, long long *reports) {
  int number, code;
  long long part, count;
  for (const char *at = guest_machine_sync(&b->usb.machine); (at = strstr(at, "sum ")); at++) {
    if (sscanf(at, "sum %d %d %lld %lld", &number, &code, &part, &count) != 4 || code != REL_X)
      continue;
    *sum += part;
    *reports += count;
  }
}

/* A mouse at 1 kHz. Merged reports are as good as single ones; a missing count is not. */
static void mouse_loses_nothing(void **state) {
  struct bench *b = *state;
  long long sum = 0, reports = 0;
  usb_fixture_record(&b->usb, "--name Transom --sum");
  b->timer = event_loop_add_timer(b->usb.loop, on_mouse_timer, b);
  event_timer_set(b->timer, NS_PER_S / MOUSE_HZ, NS_PER_S / MOUSE_HZ);
  guest_machine_until(&b->usb.machine, has_moved, b, "the mouse's motion");
  event_timer_set(b->timer, 0, 0);
  for (int tries = 0; tries < 100 && sum != b->moved; tries++) {
    event_loop_run_once(b->usb.loop, tries);
    read_sum(b, &sum, &reports);
  }
  event_source_remove(b->timer);
  printf("usb-redir mouse at %d Hz for %d s: %d counts sent, %lld arrived in %lld reports; target: none lost, %s\n", MOUSE_HZ,
         MOUSE_SECONDS, b->moved, sum, reports, sum == b->moved ? "met" : "missed");
  if (b->json)
    fprintf(b->json, "{\"mouse_hz\":%d,\"sent\":%d,\"arrived\":%lld,\"reports\":%lld}\n", MOUSE_HZ, b->moved, sum, reports);
  assert_int_equal(sum, b->moved);
}

static void usb_redir(void **state) {
  struct bench *b = *state;
  guest_machine_record(&b->usb.machine, "--name Transom --echo");
  measure(b, b->usb.sink, "usb-redir");
}

static bool connect_echo(void *user_data) {
  struct bench *b = user_data;
  b->echo = unix_socket_connect(b->echo_socket);
  return b->echo >= 0;
}

/* What every VM has: the PS/2 keyboard. */
static void qmp(void **state) {
  struct bench *b = *state;
  guest_machine_record(&b->usb.machine, "--name AT --echo");
  struct input_sink *sink = input_sink_qmp_create(b->usb.loop, b->usb.machine.qmp_socket);
  assert_non_null(sink);
  for (b->echoes = 0; b->echoes == 0;) { /* connected when its first key arrives */
    sink->impl->key(sink, INPUT_PAGE_KEYBOARD, KEY_USAGE_A, true);
    sink->impl->key(sink, INPUT_PAGE_KEYBOARD, KEY_USAGE_A, false);
    event_loop_run_once(b->usb.loop, 100);
  }
  guest_machine_sync(&b->usb.machine);
  measure(b, sink, "QMP");
  sink->impl->destroy(sink);
}

static int set_up(void **state) {
  struct bench *b = *state = &bench;
  char chardev[160];
  snprintf(b->echo_socket, sizeof(b->echo_socket), "%.60s/echo", b->usb.machine.directory);
  snprintf(chardev, sizeof(chardev), "socket,id=echo,path=%.90s,server=on,wait=off", b->echo_socket);
  usb_fixture_create_sink(&b->usb);
  guest_machine_boot(&b->usb.machine, (const char *const[]){"-chardev", chardev, "-device", "isa-debugcon,iobase=0xe9,chardev=echo",
                                                            "-device", "qemu-xhci", NULL});
  guest_machine_until(&b->usb.machine, connect_echo, b, "QEMU's debug port");
  b->echo_source = event_loop_add_fd(b->usb.loop, b->echo, EVENT_READABLE, on_echo, b);
  guest_machine_record(&b->usb.machine, "--name Transom");
  assert_true(input_sink_usb_hid_connect(b->usb.sink, b->usb.machine.usb_socket));
  usb_fixture_wait_ready(&b->usb);
  return 0;
}

static int tear_down(void **state) {
  struct bench *b = *state;
  b->usb.sink->impl->destroy(b->usb.sink);
  event_source_remove(b->echo_source);
  close(b->echo);
  unlink(b->echo_socket);
  return 0;
}

int main(int argc, char **argv) {
  log_set_level(LOG_WARNING);
  bench.events = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
  bench.usb.loop = event_loop_create(EVENT_LOOP_AUTO);
  bench.json = argc > 2 ? fopen(argv[2], "w") : NULL;
  if (argc > 2 && !bench.json) {
    fprintf(stderr, "bench_input: %s: cannot be written\n", argv[2]);
    return 1;
  }
  if (bench.events == 0 || !guest_machine_init(&bench.usb.machine, bench.usb.loop, TRANSOM_BUILD_DIRECTORY))
    return 77;
  const struct CMUnitTest tests[] = {cmocka_unit_test(usb_redir), cmocka_unit_test(qmp), cmocka_unit_test(mouse_loses_nothing)};
  const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
  guest_machine_finish(&bench.usb.machine);
  event_loop_destroy(bench.usb.loop);
  if (bench.json && fclose(bench.json) != 0)
    return 1;
  return failed;
}
