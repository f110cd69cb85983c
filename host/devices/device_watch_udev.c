#include "host/devices/device_watch.h"

#include "host/event/event_loop.h"

#include <errno.h>
#include <libudev.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_A_TURN_MAX 64 /* then other descriptors have their turn */
#define BY_ID "/dev/input/by-id/"

struct udev_watch {
  struct device_watch base;
  struct udev *udev;
  struct udev_monitor *monitor;
  struct event_source *source;
};

static struct udev_watch *udev_watch(struct device_watch *base) { return (struct udev_watch *)base; }

static bool is_event_node(struct udev_device *device) {
  const char *name = udev_device_get_sysname(device);
  return name && strncmp(name, "event", 5) == 0 && udev_device_get_devnode(device);
}

/* A node may have several links there: one for each thing it claims to be. The first by name order is as good as another. */
static const char *by_id_of(struct udev_device *device) {
  struct udev_list_entry *link;
  udev_list_entry_foreach(link, udev_device_get_devlinks_list_entry(device)) {
    const char *path = udev_list_entry_get_name(link);
    if (strncmp(path, BY_ID, strlen(BY_ID)) == 0)
      return path + strlen(BY_ID);
  }
  return NULL;
}

/* A machine with several seats gives each its own devices; those of another seat are somebody else's. */
static bool is_of_our_seat(struct udev_device *device) {
  const char *theirs = udev_device_get_property_value(device, "ID_SEAT"), *ours = getenv("XDG_SEAT");
  return strcmp(theirs && theirs[0] ? theirs : "seat0", ours && ours[0] ? ours : "seat0") == 0;
}

static void tell_found(struct udev_watch *watch, struct udev_device *device) {
  struct udev_device *parent = udev_device_get_parent_with_subsystem_devtype(device, "input", NULL);
  if (!parent || !is_event_node(device))
    return;
  if (!is_of_our_seat(device))
    watch->base.events->gone(udev_device_get_devnode(device), watch->base.user_data); /* perhaps it was ours before */
  else
    watch->base.events->found(udev_device_get_devnode(device), udev_device_get_syspath(parent), by_id_of(device), watch->base.user_data);
}

static void tell(struct udev_watch *watch, struct udev_device *device) {
  const char *action = udev_device_get_action(device);
  if (!action || !is_event_node(device))
    return;
  if (strcmp(action, "remove") == 0)
    watch->base.events->gone(udev_device_get_devnode(device), watch->base.user_data);
  else if (strcmp(action, "add") == 0 || strcmp(action, "change") == 0)
    tell_found(watch, device);
}

static void on_readable(int fd, uint32_t events, void *user_data) {
  (void)fd;
  (void)events;
  struct udev_watch *watch = user_data;
  for (int i = 0; i < NEWS_A_TURN_MAX; i++) {
    errno = 0;
    struct udev_device *device = udev_monitor_receive_device(watch->monitor);
    if (!device && errno == ENOBUFS)
      watch->base.events->overflowed(watch->base.user_data);
    if (!device)
      return;
    tell(watch, device);
    udev_device_unref(device);
  }
}

static int udev_scan(struct device_watch *base) {
  struct udev_watch *watch = udev_watch(base);
  struct udev_enumerate *enumerate = udev_enumerate_new(watch->udev);
  if (!enumerate)
    return -ENOMEM;
  udev_enumerate_add_match_subsystem(enumerate, "input");
  udev_enumerate_add_match_sysname(enumerate, "event*");
  const int status = udev_enumerate_scan_devices(enumerate);
  struct udev_list_entry *entry;
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
    struct udev_device *device = udev_device_new_from_syspath(watch->udev, udev_list_entry_get_name(entry));
    if (device)
      tell_found(watch, device);
    udev_device_unref(device);
  }
  udev_enumerate_unref(enumerate);
  return status < 0 ? status : 0;
}

static void udev_destroy(struct device_watch *base) {
  struct udev_watch *watch = udev_watch(base);
  event_source_remove(watch->source);
  udev_monitor_unref(watch->monitor);
  udev_unref(watch->udev);
  free(watch);
}

static const struct device_watch_impl impl = {.name = "udev", .scan = udev_scan, .destroy = udev_destroy};

/* 0 or a negative errno, as libudev has it. */
static int start(struct udev_watch *watch, struct event_loop *loop) {
  watch->udev = udev_new();
  watch->monitor = watch->udev ? udev_monitor_new_from_netlink(watch->udev, "udev") : NULL;
  if (!watch->monitor)
    return errno ? -errno : -ENOMEM;
  int status = udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "input", NULL);
  if (status >= 0)
    status = udev_monitor_enable_receiving(watch->monitor);
  if (status < 0)
    return status;
  watch->source = event_loop_add_fd(loop, udev_monitor_get_fd(watch->monitor), EVENT_READABLE, on_readable, watch);
  return watch->source ? 0 : -ENOMEM;
}

struct device_watch *device_watch_udev_create(struct event_loop *loop, const struct device_watch_events *events, void *user_data) {
  struct udev_watch *watch = calloc(1, sizeof(*watch));
  if (!watch)
    return NULL;
  watch->base = (struct device_watch){.impl = &impl, .events = events, .user_data = user_data};
  errno = 0;
  const int status = start(watch, loop);
  if (status == 0)
    return &watch->base;
  udev_destroy(&watch->base);
  errno = -status;
  return NULL;
}
