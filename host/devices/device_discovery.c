#include "host/devices/device_discovery_internal.h"

#include "host/devices/input_device_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UDEV_RUNS "/run/udev/control" /* udevd's socket */
#define KNOWN_FIRST 32u

struct known_device {
  struct input_device_info info;
  bool serves_keyboard; /* see device_class.h */
  bool seen;            /* by the scan that is under way */
};

struct device_discovery {
  const struct device_discovery_events *events;
  void *user_data;
  struct device_watch *watch;
  struct known_device *known;
  size_t count, capacity;
  bool quiet; /* during the first scan: all interfaces of a keyboard must be known before any is told of */
};

static struct known_device *find(struct device_discovery *discovery, const char *node) {
  for (size_t i = 0; i < discovery->count; i++)
    if (strcmp(discovery->known[i].info.node, node) == 0)
      return &discovery->known[i];
  return NULL;
}

/* The callbacks get a copy: what they do may move the table. */
static void tell_added(struct device_discovery *discovery, const struct known_device *device) {
  const struct input_device_info info = device->info;
  if (!discovery->quiet)
    discovery->events->added(&info, discovery->user_data);
}

static void forget(struct device_discovery *discovery, struct known_device *device) {
  const struct input_device_info info = device->info;
  *device = discovery->known[--discovery->count];
  if (!discovery->quiet)
    discovery->events->removed(info.node, discovery->user_data);
}

static bool same_hardware(const struct input_device_info *one, const struct input_device_info *other) {
  return one->physical[0] && strcmp(one->physical, other->physical) == 0;
}

static bool has_keyboard_beside(const struct device_discovery *discovery, const struct known_device *device) {
  for (size_t i = 0; i < discovery->count; i++) {
    const struct input_device_info *other = &discovery->known[i].info;
    if (other->roles & INPUT_DEVICE_KEYBOARD && same_hardware(other, &device->info))
      return true;
  }
  return false;
}

/* Gives the second interfaces (volume, media) of keyboards their role. One that was told of without it is told of anew. */
static void join_keyboards(struct device_discovery *discovery, const struct known_device *told) {
  for (size_t i = 0; i < discovery->count; i++) {
    struct known_device *device = &discovery->known[i];
    if (!device->serves_keyboard || device->info.roles || !has_keyboard_beside(discovery, device))
      continue;
    device->info.roles = INPUT_DEVICE_KEYBOARD;
    if (discovery->quiet || device == told)
      continue;
    const struct input_device_info info = device->info;
    discovery->events->removed(info.node, discovery->user_data);
    discovery->events->added(&info, discovery->user_data);
  }
}

static struct known_device *append(struct device_discovery *discovery) {
  if (discovery->count == discovery->capacity) {
    const size_t capacity = discovery->capacity ? discovery->capacity * 2 : KNOWN_FIRST;
    struct known_device *known = realloc(discovery->known, capacity * sizeof(*known));
    if (!known)
      return NULL;
    discovery->known = known;
    discovery->capacity = capacity;
  }
  return &discovery->known[discovery->count++];
}

/* Apart from the role that its neighbours gave it. */
static bool is_same(const struct known_device *device, const struct input_device_info *info) {
  const struct input_device_info *known = &device->info;
  const uint32_t roles = device->serves_keyboard ? 0 : known->roles;
  return strcmp(known->name, info->name) == 0 && strcmp(known->by_id, info->by_id) == 0 && strcmp(known->physical, info->physical) == 0 &&
         known->bus == info->bus && known->vendor == info->vendor && known->product == info->product && roles == info->roles;
}

static void on_found(const char *node, const char *sysfs, const char *by_id, void *user_data) {
  struct device_discovery *discovery = user_data;
  struct known_device fresh = {.seen = true};
  if (!input_device_read(node, sysfs, by_id, &fresh.info, &fresh.serves_keyboard))
    return;
  struct known_device *device = find(discovery, node);
  if (device && is_same(device, &fresh.info)) {
    device->seen = true;
    return;
  }
  if (device)
    forget(discovery, device); /* another device behind the same node: the news of the unplug are still under way */
  device = append(discovery);
  if (!device)
    return; /* out of memory: as if it were not there */
  *device = fresh;
  join_keyboards(discovery, device);
  tell_added(discovery, device);
}

static void on_gone(const char *node, void *user_data) {
  struct device_discovery *discovery = user_data;
  struct known_device *device = find(discovery, node);
  if (device)
    forget(discovery, device);
}

static void on_overflowed(void *user_data) {
  struct device_discovery *discovery = user_data;
  for (size_t i = 0; i < discovery->count; i++)
    discovery->known[i].seen = false;
  if (discovery->watch->impl->scan(discovery->watch))
    return; /* what is gone shows when it is read */
  for (size_t i = discovery->count; i > 0; i--)
    if (i <= discovery->count && !discovery->known[i - 1].seen)
      forget(discovery, &discovery->known[i - 1]);
}

static const struct device_watch_events watch_events = {.found = on_found, .gone = on_gone, .overflowed = on_overflowed};

static int first_scan(struct device_discovery *discovery) {
  discovery->quiet = true;
  const int status = discovery->watch->impl->scan(discovery->watch);
  discovery->quiet = false;
  for (size_t i = 0; i < discovery->count; i++)
    tell_added(discovery, &discovery->known[i]);
  return status;
}

struct device_discovery *device_discovery_create_over(enum device_watch_kind kind, const char *devices, const char *sysfs,
                                                      struct event_loop *loop, const struct device_discovery_events *events,
                                                      void *user_data) {
  struct device_discovery *discovery = calloc(1, sizeof(*discovery));
  if (!discovery)
    return NULL;
  discovery->events = events;
  discovery->user_data = user_data;
  discovery->watch = kind == DEVICE_WATCH_UDEV ? device_watch_udev_create(loop, &watch_events, discovery)
                                               : device_watch_inotify_create(loop, devices, sysfs, &watch_events, discovery);
  const int status = discovery->watch ? first_scan(discovery) : -errno;
  if (status == 0)
    return discovery;
  device_discovery_destroy(discovery);
  errno = -status;
  return NULL;
}

struct device_discovery *device_discovery_create(struct event_loop *loop, const struct device_discovery_events *events, void *user_data) {
  const enum device_watch_kind kind = access(UDEV_RUNS, F_OK) == 0 ? DEVICE_WATCH_UDEV : DEVICE_WATCH_INOTIFY;
  return device_discovery_create_over(kind, "/dev/input", "/sys/class/input", loop, events, user_data);
}

void device_discovery_destroy(struct device_discovery *discovery) {
  if (!discovery)
    return;
  if (discovery->watch)
    discovery->watch->impl->destroy(discovery->watch);
  free(discovery->known);
  free(discovery);
}

const char *device_discovery_name(const struct device_discovery *discovery) { return discovery->watch->impl->name; }
