#define LOG_MODULE "input"
#include "host/input/evdev_reader.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/input/evdev_controller.h"
#include "host/input/evdev_device.h"
#include "host/input/evdev_merge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slot {
  struct evdev_reader *reader;
  struct evdev_device *device;
  struct event_source *readable;
  bool busy;                          /* another program holds it, as of the last attempt to grab */
  struct evdev_controller controller; /* number 0: keyboard or pointer */
  bool leaving;
  bool behind; /* the kernel's bitmap was read: see evdev_device_any_down() */
};

struct evdev_reader {
  struct input_source base;
  const struct evdev_reader_events *events;
  void *user_data;
  struct event_loop *loop;
  struct event_source *catch_up; /* timer */
  struct slot *slots[EVDEV_DEVICES_MAX];
  size_t count;
  struct evdev_merge merge;
  bool grabbed;
  bool has_leds; /* since the grab */
  uint32_t led_mask;
};

static struct evdev_reader *evdev_reader(struct input_source *base) { return (struct evdev_reader *)base; }

struct input_source *evdev_reader_source(struct evdev_reader *reader) {
  return &reader->base;
}

void *evdev_reader_user_data(struct input_source *source) { return evdev_reader(source)->user_data; }

unsigned evdev_reader_controllers(const struct evdev_reader *reader) {
  unsigned highest = 0;
  for (size_t i = 0; i < reader->count; i++)
    if (reader->slots[i]->controller.number > highest)
      highest = reader->slots[i]->controller.number;
  return highest;
}

size_t evdev_reader_count(const struct evdev_reader *reader) { return reader->count; }

static const struct input_device_info *info_of(const struct slot *slot) { return evdev_device_info(slot->device); }

static void tell_changed(struct evdev_reader *reader) {
  if (reader->base.events && reader->base.events->devices_changed)
    reader->base.events->devices_changed(reader->base.user_data);
}

static void report(struct evdev_reader *reader, const struct input_event *events, size_t count) {
  if (count && reader->base.events)
    reader->base.events->report(events, count, reader->base.user_data);
}

static void say_busy(struct slot *slot) {
  if (!slot->busy)
    log_warning("%s (%s) is held by another program and left to it", info_of(slot)->name, info_of(slot)->node);
  slot->busy = true;
}

static int grab_slot(struct slot *slot) {
  const int status = evdev_device_grab(slot->device);
  if (status == -EBUSY)
    say_busy(slot);
  else if (status == 0)
    slot->busy = false;
  return status;
}

/* As the kernel knows it; what it knows better than we is told soon. */
static bool any_down_on(struct slot *slot) {
  bool differs;
  const bool down = evdev_device_any_down(slot->device, &differs);
  if (differs) {
    slot->behind = true;
    event_timer_set(slot->reader->catch_up, 1, 0);
  }
  return down;
}

static bool is_controller(const struct slot *slot) { return info_of(slot)->roles == INPUT_DEVICE_CONTROLLER; }

/* A device that came while the others were grabbed: not while a key is down, whose release the host would miss. */
static void grab_late(struct slot *slot) {
  struct evdev_reader *reader = slot->reader;
  if (!reader->grabbed || slot->busy || is_controller(slot) || evdev_device_is_grabbed(slot->device) || any_down_on(slot) ||
      grab_slot(slot))
    return;
  if (any_down_on(slot))
    evdev_device_release(slot->device); /* pressed in between; again with its next frame */
  else if (reader->has_leds)
    evdev_device_set_leds(slot->device, reader->led_mask);
}

/* Number of events. A controller beyond the last number is silent. */
static size_t translate(struct slot *slot, const struct evdev_frame *frame, uint64_t time_ns,
                        struct input_event events[INPUT_REPORT_EVENTS_MAX]) {
  const struct evdev_range *ranges = evdev_device_ranges(slot->device);
  if (!is_controller(slot))
    return evdev_merge_frame(&slot->reader->merge, frame, ranges, time_ns, events);
  return slot->controller.number ? evdev_controller_frame(&slot->controller, frame, ranges, time_ns, events) : 0;
}

static void on_frame(struct evdev_device *device, const struct evdev_frame *frame, uint64_t time_ns, void *user_data) {
  (void)device;
  struct slot *slot = user_data;
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  report(slot->reader, events, translate(slot, frame, time_ns, events));
  if (!slot->leaving)
    grab_late(slot);
}

/* Lets go of what only this device holds. */
static void let_go(struct slot *slot) {
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  slot->leaving = true;
  evdev_device_let_go(slot->device);
  if (slot->controller.number)
    report(slot->reader, events, evdev_controller_rest(&slot->controller, clock_monotonic_ns(), events));
}

static void free_slot(struct slot *slot) {
  event_source_remove(slot->readable);
  evdev_device_destroy(slot->device);
  free(slot);
}

static void remove_slot(struct slot *slot) {
  struct evdev_reader *reader = slot->reader;
  size_t at = 0;
  while (reader->slots[at] != slot)
    at++;
  reader->slots[at] = reader->slots[--reader->count];
  let_go(slot);
  free_slot(slot);
  tell_changed(reader);
}

static void lose(struct slot *slot) {
  struct evdev_reader *reader = slot->reader;
  const struct input_device_info info = *info_of(slot);
  log_info("%s (%s) is gone", info.name, info.node);
  remove_slot(slot);
  if (reader->events && reader->events->lost)
    reader->events->lost(&info, reader->user_data);
}

static void on_readable(int fd, uint32_t events, void *user_data) {
  (void)fd;
  (void)events;
  struct slot *slot = user_data;
  if (!evdev_device_read(slot->device))
    lose(slot);
}

static void on_catch_up(void *user_data) {
  struct evdev_reader *reader = user_data;
  for (size_t i = reader->count; i > 0; i--) {
    struct slot *slot = i <= reader->count ? reader->slots[i - 1] : NULL;
    if (!slot || !slot->behind)
      continue;
    slot->behind = false;
    if (!evdev_device_catch_up(slot->device))
      lose(slot);
  }
}

static bool warn_of_axis(const struct input_device_info *info, const struct evdev_range *range, char axis) {
  if (range->minimum <= range->maximum)
    return false;
  log_warning("%s says that its %c axis goes from %d to %d; its position is ignored", info->name, axis, range->minimum, range->maximum);
  return true;
}

/* One line, even where both are. */
static void warn_impossible(const struct evdev_device *device) {
  const struct evdev_range *ranges = evdev_device_ranges(device);
  const struct input_device_info *info = evdev_device_info(device);
  if (!warn_of_axis(info, &ranges[EVDEV_X], 'X'))
    warn_of_axis(info, &ranges[EVDEV_Y], 'Y');
}

static struct slot *find(struct evdev_reader *reader, const char *node) {
  for (size_t i = 0; i < reader->count; i++)
    if (strcmp(info_of(reader->slots[i])->node, node) == 0)
      return reader->slots[i];
  return NULL;
}

void evdev_reader_remove(struct evdev_reader *reader, const char *node) {
  struct slot *slot = find(reader, node);
  if (slot)
    remove_slot(slot);
}

static int start_slot(struct slot *slot, int fd, const struct input_device_info *info) {
  static const struct evdev_device_events device_events = {.frame = on_frame};
  const int status = evdev_device_create(fd, info, &device_events, slot, &slot->device);
  if (status)
    return status;
  slot->readable = event_loop_add_fd(slot->reader->loop, evdev_device_fd(slot->device), EVENT_READABLE, on_readable, slot);
  return slot->readable ? 0 : -ENOMEM;
}

/* 0 = none left. */
static uint8_t free_number(const struct evdev_reader *reader) {
  uint32_t taken = 1;
  for (size_t i = 0; i < reader->count; i++)
    taken |= 1u << reader->slots[i]->controller.number;
  const int number = __builtin_ctz(~taken);
  return (uint8_t)(number <= EVDEV_CONTROLLERS_MAX ? number : 0);
}

static void keep_slot(struct evdev_reader *reader, struct slot *slot) {
  if (is_controller(slot))
    slot->controller.number = free_number(reader);
  reader->slots[reader->count++] = slot;
  for (unsigned code = 0; code < EVDEV_KEY_CODES && !is_controller(slot); code++)
    if (evdev_device_is_down(slot->device, code))
      evdev_merge_adopt(&reader->merge, code);
  warn_impossible(slot->device);
  grab_late(slot);
  tell_changed(reader);
}

int evdev_reader_add(struct evdev_reader *reader, int fd, const struct input_device_info *info) {
  evdev_reader_remove(reader, info->node);
  if (reader->count == EVDEV_DEVICES_MAX) {
    log_warning("%s (%s) is left out: %d devices are open already", info->name, info->node, EVDEV_DEVICES_MAX);
    close(fd);
    return -ENOSPC;
  }
  struct slot *slot = calloc(1, sizeof(*slot));
  if (!slot) {
    close(fd);
    return -ENOMEM;
  }
  slot->reader = reader;
  const int status = start_slot(slot, fd, info);
  if (status) {
    log_warning("%s (%s) cannot be read: %s", info->name, info->node, strerror(-status));
    free_slot(slot);
    return status;
  }
  keep_slot(reader, slot);
  return 0;
}

static void release_all(struct evdev_reader *reader) {
  for (size_t i = 0; i < reader->count; i++)
    evdev_device_release(reader->slots[i]->device);
  reader->grabbed = reader->has_leds = false;
}

static int grab_all(struct evdev_reader *reader) {
  size_t grabbed = 0, busy = 0, keyboards = 0, keyboards_busy = 0;
  for (size_t i = 0; i < reader->count; i++) {
    struct slot *slot = reader->slots[i];
    const bool is_keyboard = info_of(slot)->roles & INPUT_DEVICE_KEYBOARD;
    if (is_controller(slot))
      continue;
    const int status = grab_slot(slot);
    grabbed += status == 0;
    busy += status == -EBUSY;
    keyboards += is_keyboard && status != -ENODEV;
    keyboards_busy += is_keyboard && status == -EBUSY;
  }
  if (grabbed && (keyboards == 0 || keyboards_busy < keyboards)) {
    reader->grabbed = true;
    return 0;
  }
  release_all(reader);
  return busy ? -EBUSY : -ENODEV;
}

static int source_grab(struct input_source *base, bool grab) {
  if (grab)
    return grab_all(evdev_reader(base));
  release_all(evdev_reader(base));
  return 0;
}

/* Not of game controllers, of which some have switches that are down for good; nor of a device that another program holds: what it makes of
 * the keys shows on that program's own device. */
static bool source_any_down(struct input_source *base) {
  struct evdev_reader *reader = evdev_reader(base);
  bool any = false;
  for (size_t i = 0; i < reader->count; i++) {
    struct slot *slot = reader->slots[i];
    if (!slot->busy && !is_controller(slot))
      any |= any_down_on(slot);
  }
  return any;
}

static bool source_has_key(struct input_source *base, uint16_t page, uint16_t usage) {
  const struct evdev_reader *reader = evdev_reader(base);
  const int code = evdev_keymap_code(page, usage);
  for (size_t i = 0; code >= 0 && i < reader->count; i++) {
    const struct slot *slot = reader->slots[i];
    if (!slot->busy && info_of(slot)->roles & INPUT_DEVICE_KEYBOARD && evdev_device_has_key(slot->device, (unsigned)code))
      return true;
  }
  return false;
}

static void source_set_leds(struct input_source *base, uint32_t led_mask) {
  struct evdev_reader *reader = evdev_reader(base);
  if (!reader->grabbed)
    return;
  reader->has_leds = true;
  reader->led_mask = led_mask;
  for (size_t i = 0; i < reader->count; i++)
    evdev_device_set_leds(reader->slots[i]->device, led_mask);
}

static void source_destroy(struct input_source *base) {
  struct evdev_reader *reader = evdev_reader(base);
  release_all(reader);
  for (size_t i = 0; i < reader->count; i++)
    free_slot(reader->slots[i]);
  event_source_remove(reader->catch_up);
  const struct evdev_reader_events *events = reader->events;
  void *user_data = reader->user_data;
  free(reader);
  if (events && events->destroyed)
    events->destroyed(user_data);
}

static const struct input_source_impl impl = {
    .name = "evdev",
    .grab = source_grab,
    .any_down = source_any_down,
    .has_key = source_has_key,
    .set_leds = source_set_leds,
    .destroy = source_destroy,
};

struct evdev_reader *evdev_reader_create(struct event_loop *loop, const struct evdev_reader_events *events, void *user_data) {
  struct evdev_reader *reader = calloc(1, sizeof(*reader));
  if (!reader)
    return NULL;
  reader->base.impl = &impl;
  reader->events = events;
  reader->user_data = user_data;
  reader->loop = loop;
  reader->catch_up = event_loop_add_timer(loop, on_catch_up, reader);
  if (!reader->catch_up) {
    free(reader);
    return NULL;
  }
  return reader;
}
