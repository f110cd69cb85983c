/* The keyboards and mice of the host, as one input source: lent by transom-serve, or opened by ourselves where the user may. Input thread.
 */
#ifndef TRANSOM_HOST_APP_INPUT_DEVICES_H
#define TRANSOM_HOST_APP_INPUT_DEVICES_H

#include "host/devices/input_device.h"
#include "host/input/evdev_choices.h"
#include "host/input/input_source.h"

struct event_loop;
struct evdev_reader;

struct input_devices {
  struct event_loop *loop;
  const struct input_source_events *events;
  void *user_data;
  char choice_text[512];
  const char *choices[EVDEV_CHOICES_MAX];
  size_t choice_count;
  struct evdev_reader *lent; /* NULL = none is lent */
  struct input_source *source;
};

/* `choice`: paths, names in by-id or vid:pid, separated by commas; "" = all. devices_changed() of `events` is called when
 * input_devices_source() may have changed. False: too many choices. */
bool input_devices_init(struct input_devices *devices, struct event_loop *loop, const char *choice,
                        const struct input_source_events *events, void *user_data);
void input_devices_finish(struct input_devices *devices); /* gives all back */

void input_devices_open_own(struct input_devices *devices);
void input_devices_add(struct input_devices *devices, int fd, const struct input_device_info *info); /* lent; the descriptor becomes ours */
void input_devices_remove(struct input_devices *devices, const char *node);
void input_devices_forget(struct input_devices *devices); /* all of them: taken back */

unsigned input_devices_controllers(const struct input_devices *devices);        /* how many game controllers speak */
struct input_source *input_devices_source(const struct input_devices *devices); /* NULL = there is no device to be had */

#endif
