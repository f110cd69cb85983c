#include "evdev_world.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void on_report(const struct input_event *events, size_t count, void *user_data) {
  struct world *world = user_data;
  assert_in_range(count, 1, INPUT_REPORT_EVENTS_MAX);
  assert_true(world->count + count <= WORLD_EVENTS_MAX);
  memcpy(&world->events[world->count], events, count * sizeof(*events));
  world->count += count;
}

static void on_changed(void *user_data) { ((struct world *)user_data)->changes++; }

static void on_lost(const struct input_device_info *info, void *user_data) {
  assert_int_not_equal(info->name[0], 0);
  ((struct world *)user_data)->lost++;
}

static void on_line(enum log_level level, const char *line, void *user_data) {
  (void)level;
  struct world *world = user_data;
  if (world->line_count < WORLD_LINES_MAX)
    snprintf(world->lines[world->line_count++], sizeof(world->lines[0]), "%s", line);
}

void world_use(struct world *world, struct input_source *source) {
  static const struct input_source_events events = {.report = on_report, .devices_changed = on_changed};
  if (world->source)
    world->source->impl->destroy(world->source);
  world->source = source;
  world->reader = NULL;
  if (!source)
    return;
  source->events = &events;
  source->user_data = world;
}

int world_set_up(void **state) {
  static const struct evdev_reader_events reader_events = {.lost = on_lost};
  struct world *world = calloc(1, sizeof(*world));
  log_set_sink(on_line, world);
  log_set_level(LOG_DEBUG);
  world->loop = event_loop_create(EVENT_LOOP_AUTO);
  struct evdev_reader *reader = evdev_reader_create(world->loop, &reader_events, world);
  assert_non_null(reader);
  world_use(world, evdev_reader_source(reader));
  world->reader = reader;
  *state = world;
  return 0;
}

int world_tear_down(void **state) {
  struct world *world = *state;
  world_use(world, NULL);
  event_loop_destroy(world->loop);
  log_set_sink(NULL, NULL);
  free(world);
  return 0;
}

void world_plug(struct world *world, struct uinput_device *device) {
  assert_int_equal(evdev_reader_add(world->reader, uinput_device_open(device), &device->info), 0);
}

/* uinput delivers within its write(), so what was emitted waits already. */
void world_settle(struct world *world) {
  while (event_loop_run_once(world->loop, 0) > 0)
    ;
}

static bool is_key(const struct input_event *event) {
  return event->page == INPUT_PAGE_KEYBOARD || event->page == INPUT_PAGE_BUTTON ||
         (event->page == INPUT_PAGE_CONSUMER && event->usage != INPUT_USAGE_AC_PAN) ||
         (event->page == INPUT_PAGE_DESKTOP && event->usage >= 0x81 && event->usage <= 0x83);
}

static bool was_down(const struct world *world, size_t before, const struct input_event *key) {
  for (size_t i = before; i > 0; i--)
    if (world->events[i - 1].page == key->page && world->events[i - 1].usage == key->usage)
      return world->events[i - 1].value;
  return false;
}

int world_keys_down(const struct world *world) {
  int down = 0;
  for (size_t i = 0; i < world->count; i++) {
    const struct input_event *event = &world->events[i];
    if (!is_key(event))
      continue;
    assert_in_range(event->value, 0, 1);
    assert_int_not_equal(was_down(world, i, event), event->value);
    down += event->value ? 1 : -1;
  }
  return down;
}

int64_t world_sum(const struct world *world, uint16_t page, uint16_t usage) {
  int64_t sum = 0;
  for (size_t i = 0; i < world->count; i++)
    if (world->events[i].page == page && world->events[i].usage == usage)
      sum += world->events[i].value;
  return sum;
}

long world_length(long length_long) {
  const bool is_long = getenv("TRANSOM_LONG") && strcmp(getenv("TRANSOM_LONG"), "1") == 0;
  const long hundredth = length_long / 100;
  return is_long ? length_long : hundredth < 10 ? 10 : hundredth;
}

uint64_t world_seed(void) {
  const char *given = getenv("TRANSOM_SEED");
  const uint64_t value = given ? strtoull(given, NULL, 0) : 1;
  print_message("TRANSOM_SEED=%llu\n", (unsigned long long)value);
  return value;
}

bool world_said(const struct world *world, const char *text) {
  for (size_t i = 0; i < world->line_count; i++)
    if (strstr(world->lines[i], text))
      return true;
  return false;
}
