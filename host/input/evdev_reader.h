/* The evdev input_source over descriptors that somebody else opened: transom-serve's broker, or evdev_opener.h. Thread: the loop's.
 *
 * Reports go out as devices speak, grabbed or not. Grabbing skips a device that another program holds (a key remapper) and names it: its
 * keys come through that program's own device. It fails with -EBUSY when that leaves no keyboard although there are some, or nothing at
 * all. A device that comes while the others are grabbed is grabbed as soon as none of its keys is down. Game controllers are read, never
 * grabbed: what they say while captured, host and guest both hear.
 *
 * Not to be called from within a report: add, remove, destroy. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_READER_H
#define TRANSOM_HOST_INPUT_EVDEV_READER_H

#include "host/devices/input_device.h"
#include "host/input/input_source.h"

#define EVDEV_DEVICES_MAX 64 /* a machine with more keyboards and mice is a test; the rest is refused, and named */

struct event_loop;
struct evdev_reader;

struct evdev_reader_events {
  /* optional: unplugged or revoked (ENODEV); already removed, its keys released */
  void (*lost)(const struct input_device_info *info, void *user_data);
  void (*destroyed)(void *user_data); /* optional: the source was destroyed; nothing follows */
};

/* NULL: out of memory. `events` may be NULL. The source's destroy() destroys the reader. */
struct evdev_reader *evdev_reader_create(struct event_loop *loop, const struct evdev_reader_events *events, void *user_data);
struct input_source *evdev_reader_source(struct evdev_reader *reader);
void *evdev_reader_user_data(struct input_source *source); /* of a reader's source: as given at its creation */

/* Takes the descriptor, also when it fails. 0, or -errno after a line in the log. A node that is there already is replaced. */
int evdev_reader_add(struct evdev_reader *reader, int fd, const struct input_device_info *info);
void evdev_reader_remove(struct evdev_reader *reader, const char *node); /* unknown: nothing happens */
size_t evdev_reader_count(const struct evdev_reader *reader);
unsigned evdev_reader_controllers(const struct evdev_reader *reader); /* the highest number that a game controller has; 0 = none */

#endif
