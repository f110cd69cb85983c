#include "host/devices/device_watch.h"

#include "host/event/event_loop.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define NODE_EVENTS (IN_CREATE | IN_ATTRIB | IN_DELETE | IN_DELETE_SELF)
#define NEWS_BYTES 4096 /* at least 14 events of NAME_MAX */

struct inotify_watch {
  struct device_watch base;
  char devices[128], sysfs[128];
  int fd;
  int parent_watch, devices_watch; /* of inotify; -1 = none */
  struct event_source *source;
};

static struct inotify_watch *inotify_watch(struct device_watch *base) { return (struct inotify_watch *)base; }

static bool is_event_name(const char *name) { return strncmp(name, "event", 5) == 0 && isdigit((unsigned char)name[5]); }

/* The links are few and asked for rarely: looked through anew each time. */
static bool find_by_id(const struct inotify_watch *watch, const char *node, char *name, size_t capacity) {
  char directory[160], link[512], target[PATH_MAX];
  snprintf(directory, sizeof(directory), "%s/by-id", watch->devices);
  DIR *links = opendir(directory);
  bool found = false;
  const struct dirent *entry;
  while (links && !found && (entry = readdir(links))) {
    snprintf(link, sizeof(link), "%s/%s", directory, entry->d_name);
    found = entry->d_name[0] != '.' && realpath(link, target) && strcmp(target, node) == 0;
    if (found)
      snprintf(name, capacity, "%s", entry->d_name);
  }
  if (links)
    closedir(links);
  return found;
}

static void tell_found(struct inotify_watch *watch, const char *name) {
  char node[192], sysfs[192], by_id[NAME_MAX + 1];
  if (snprintf(node, sizeof(node), "%s/%s", watch->devices, name) >= (int)sizeof(node) ||
      snprintf(sysfs, sizeof(sysfs), "%s/%s/device", watch->sysfs, name) >= (int)sizeof(sysfs))
    return;
  const bool has_id = find_by_id(watch, node, by_id, sizeof(by_id));
  watch->base.events->found(node, sysfs, has_id ? by_id : NULL, watch->base.user_data);
}

static void tell_gone(struct inotify_watch *watch, const char *name) {
  char node[192];
  if (snprintf(node, sizeof(node), "%s/%s", watch->devices, name) < (int)sizeof(node))
    watch->base.events->gone(node, watch->base.user_data);
}

static int inotify_scan(struct device_watch *base) {
  struct inotify_watch *watch = inotify_watch(base);
  DIR *directory = opendir(watch->devices);
  if (!directory)
    return errno == ENOENT ? 0 : -errno; /* no device yet */
  const struct dirent *entry;
  while ((entry = readdir(directory)))
    if (is_event_name(entry->d_name))
      tell_found(watch, entry->d_name);
  closedir(directory);
  return 0;
}

/* /dev/input appears with the first device: until then its parent is watched for it. True: it is there and watched from now on. */
static bool watch_devices(struct inotify_watch *watch) {
  watch->devices_watch = inotify_add_watch(watch->fd, watch->devices, NODE_EVENTS | IN_ONLYDIR);
  return watch->devices_watch >= 0;
}

static void handle(struct inotify_watch *watch, const struct inotify_event *event) {
  if (event->mask & IN_Q_OVERFLOW) {
    watch->base.events->overflowed(watch->base.user_data);
  } else if (event->wd == watch->parent_watch && watch->devices_watch < 0 && watch_devices(watch)) {
    watch->base.events->overflowed(watch->base.user_data); /* what came before the watch is found by a scan */
  } else if (event->wd == watch->devices_watch && event->mask & IN_IGNORED) {
    watch->devices_watch = -1;
    watch->base.events->overflowed(watch->base.user_data);
  } else if (event->wd == watch->devices_watch && event->len && is_event_name(event->name)) {
    if (event->mask & IN_DELETE)
      tell_gone(watch, event->name);
    else
      tell_found(watch, event->name);
  }
}

static void on_readable(int fd, uint32_t events, void *user_data) {
  (void)events;
  _Alignas(struct inotify_event) char news[NEWS_BYTES];
  const ssize_t bytes = read(fd, news, sizeof(news));
  for (ssize_t at = 0; at < bytes;) {
    const struct inotify_event *event = (const struct inotify_event *)(news + at);
    handle(user_data, event);
    at += (ssize_t)(sizeof(*event) + event->len);
  }
}

static void inotify_destroy(struct device_watch *base) {
  struct inotify_watch *watch = inotify_watch(base);
  event_source_remove(watch->source);
  if (watch->fd >= 0)
    close(watch->fd);
  free(watch);
}

static const struct device_watch_impl impl = {.name = "inotify", .scan = inotify_scan, .destroy = inotify_destroy};

/* 0 or -errno. */
static int start(struct inotify_watch *watch, struct event_loop *loop) {
  char parent[sizeof(watch->devices)];
  memcpy(parent, watch->devices, sizeof(parent));
  char *slash = strrchr(parent, '/');
  if (!slash || slash == parent)
    return -EINVAL;
  *slash = 0;
  watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (watch->fd < 0)
    return -errno;
  watch->parent_watch = inotify_add_watch(watch->fd, parent, IN_CREATE | IN_ONLYDIR);
  if (!watch_devices(watch) && watch->parent_watch < 0)
    return -errno;
  watch->source = event_loop_add_fd(loop, watch->fd, EVENT_READABLE, on_readable, watch);
  return watch->source ? 0 : -ENOMEM;
}

struct device_watch *device_watch_inotify_create(struct event_loop *loop, const char *devices, const char *sysfs,
                                                 const struct device_watch_events *events, void *user_data) {
  struct inotify_watch *watch = calloc(1, sizeof(*watch));
  if (!watch)
    return NULL;
  watch->base = (struct device_watch){.impl = &impl, .events = events, .user_data = user_data};
  watch->fd = watch->parent_watch = watch->devices_watch = -1;
  snprintf(watch->devices, sizeof(watch->devices), "%s", devices);
  snprintf(watch->sysfs, sizeof(watch->sysfs), "%s", sysfs);
  const int status = start(watch, loop);
  if (status == 0)
    return &watch->base;
  inotify_destroy(&watch->base);
  errno = -status;
  return NULL;
}
