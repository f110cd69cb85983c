#define LOG_MODULE "input"
#include "host/app/input_devices.h"

#include "common/log.h"
#include "host/devices/device_discovery.h"
#include "host/input/evdev_opener.h"
#include "host/input/evdev_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool input_devices_init(struct input_devices *devices, struct event_loop *loop, const char *choice,
                        const struct input_source_events *events, void *user_data) {
  *devices = (struct input_devices){.loop = loop, .events = events, .user_data = user_data};
  snprintf(devices->choice_text, sizeof devices->choice_text, "%s", choice);
  return evdev_choices_split(devices->choice_text, devices->choices, &devices->choice_count);
}

static void changed(struct input_devices *devices) { devices->events->devices_changed(devices->user_data); }

static void use(struct input_devices *devices, struct input_source *source) {
  devices->source = source;
  source->events = devices->events;
  source->user_data = devices->user_data;
}

void input_devices_forget(struct input_devices *devices) {
  struct input_source *source = devices->source;
  if (!source)
    return;
  devices->source = NULL;
  changed(devices); /* nobody asks it any more */
  source->impl->destroy(source);
  devices->lent = NULL;
}

void input_devices_finish(struct input_devices *devices) { input_devices_forget(devices); }

void input_devices_open_own(struct input_devices *devices) {
  if (devices->source)
    return;
  struct input_source *source = evdev_opener_create(devices->loop, devices->choices, devices->choice_count);
  if (!source) {
    log_debug("cannot look for input devices: %s", strerror(errno));
    return;
  }
  use(devices, source);
  changed(devices);
}

static bool is_chosen(const struct input_devices *devices, const struct input_device_info *info) {
  bool chosen = devices->choice_count == 0;
  for (size_t i = 0; i < devices->choice_count; i++)
    chosen |= input_device_matches(info, devices->choices[i]);
  return chosen;
}

static bool start_lending(struct input_devices *devices) {
  if (devices->lent)
    return true;
  input_devices_forget(devices); /* our own: the server's come with a guard behind them */
  devices->lent = evdev_reader_create(devices->loop, NULL, NULL);
  if (devices->lent)
    use(devices, evdev_reader_source(devices->lent));
  return devices->lent != NULL;
}

void input_devices_add(struct input_devices *devices, int fd, const struct input_device_info *info) {
  if (!is_chosen(devices, info) || !start_lending(devices))
    close(fd);
  else if (evdev_reader_add(devices->lent, fd, info) == 0)
    changed(devices);
}

void input_devices_remove(struct input_devices *devices, const char *node) {
  if (!devices->lent)
    return;
  evdev_reader_remove(devices->lent, node);
  changed(devices);
}

unsigned input_devices_controllers(const struct input_devices *devices) {
  if (!devices->source)
    return 0;
  return devices->lent ? evdev_reader_controllers(devices->lent) : evdev_opener_count(devices->source).controllers;
}

struct input_source *input_devices_source(const struct input_devices *devices) {
  if (!devices->source)
    return NULL;
  size_t open = devices->lent ? evdev_reader_count(devices->lent) : evdev_opener_count(devices->source).open;
  return open ? devices->source : NULL;
}
