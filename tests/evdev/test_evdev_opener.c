/* The opener on a clock that the test moves: a device that cannot be opened yet is tried again, further and further apart. */
#include "common/log.h"
#include "host/input/evdev_opener_internal.h"
#include "host/input/evdev_reader.h"

#include "support/manual_event_loop.h"
#include "support/mock_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#define BUS_USB 3 /* linux/input.h has a struct input_event of its own */
#define MS UINT64_C(1000000)

static const int typing[][2] = {{KEY_ESC, KEY_COMPOSE}, {0, 0}};
static const struct mock_input keyboard = {
    .number = 3, .name = "keyboard", .bus = BUS_USB, .vendor = 1, .product = 2, .key_ranges = typing};

/* The discovery is the test: it says when a device is there. */
static struct {
  const struct device_discovery_events *events;
  void *user_data;
  int lines;
} fake;

static struct device_discovery *discover(struct event_loop *loop, const struct device_discovery_events *events, void *user_data) {
  (void)loop;
  fake.events = events;
  fake.user_data = user_data;
  return calloc(1, 1); /* never looked into, but by device_discovery_destroy() */
}

void device_discovery_destroy(struct device_discovery *discovery) { free(discovery); }

struct device_discovery *device_discovery_create(struct event_loop *loop, const struct device_discovery_events *events, void *user_data) {
  return discover(loop, events, user_data);
}

static void on_line(enum log_level level, const char *line, void *user_data) {
  (void)level;
  (void)line;
  (void)user_data;
  fake.lines++;
}

static struct input_device_info info_of(const struct mock_input *input) {
  struct input_device_info info = {.bus = input->bus, .vendor = input->vendor, .product = input->product, .roles = INPUT_DEVICE_KEYBOARD};
  snprintf(info.node, sizeof(info.node), "/dev/input/event%d", input->number);
  snprintf(info.name, sizeof(info.name), "%s", input->name);
  return info;
}

struct fixture {
  struct mock_bed *bed;
  struct event_loop *loop;
  struct input_source *source;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  fixture->bed = mock_bed_create();
  fixture->loop = event_loop_create(EVENT_LOOP_AUTO);
  fixture->source = evdev_opener_create_over(discover, fixture->loop, NULL, 0);
  assert_non_null(fixture->source);
  fake.lines = 0;
  log_set_sink(on_line, NULL);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  fixture->source->impl->destroy(fixture->source);
  event_loop_destroy(fixture->loop);
  mock_bed_destroy(fixture->bed);
  log_set_sink(NULL, NULL);
  free(fixture);
  return 0;
}

static size_t open_devices(const struct fixture *fixture) { return evdev_opener_count(fixture->source).open; }

static void what_cannot_be_opened_is_tried_again_after_doubling_times(void **state) {
  struct fixture *fixture = *state;
  const struct input_device_info info = info_of(&keyboard);
  fake.events->added(&info, fake.user_data); /* its node is not there yet */
  manual_event_loop_advance(fixture->loop, 250 * MS);
  manual_event_loop_advance(fixture->loop, 500 * MS);
  manual_event_loop_advance(fixture->loop, 999 * MS);
  assert_int_equal(fake.lines, 1); /* said once */
  mock_bed_put(fixture->bed, &keyboard);
  assert_int_equal(open_devices(fixture), 0); /* the next attempt is due in a millisecond */
  manual_event_loop_advance(fixture->loop, 1 * MS);
  assert_int_equal(open_devices(fixture), 1);
}

static void the_pauses_end_at_five_seconds(void **state) {
  struct fixture *fixture = *state;
  const struct input_device_info info = info_of(&keyboard);
  fake.events->added(&info, fake.user_data);
  for (int i = 0; i < 100; i++)
    manual_event_loop_advance(fixture->loop, 1000 * MS);
  mock_bed_put(fixture->bed, &keyboard);
  manual_event_loop_advance(fixture->loop, 5000 * MS);
  assert_int_equal(open_devices(fixture), 1);
}

static void nobody_tries_what_is_gone(void **state) {
  struct fixture *fixture = *state;
  const struct input_device_info info = info_of(&keyboard);
  fake.events->added(&info, fake.user_data);
  fake.events->removed(info.node, fake.user_data);
  mock_bed_put(fixture->bed, &keyboard);
  manual_event_loop_advance(fixture->loop, 5000 * MS);
  assert_int_equal(open_devices(fixture), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_cannot_be_opened_is_tried_again_after_doubling_times),
      CASE(the_pauses_end_at_five_seconds),
      CASE(nobody_tries_what_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
