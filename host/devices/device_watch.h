/* The seam below device discovery: who says that input nodes come and go. Implementations: libudev, inotify.
 *
 * Threads: the event loop's. A watch names nodes (/dev/input/eventN) and where sysfs describes them; it keeps nothing about them. */
#ifndef TRANSOM_HOST_DEVICES_DEVICE_WATCH_H
#define TRANSOM_HOST_DEVICES_DEVICE_WATCH_H

struct event_loop;
struct device_watch;

struct device_watch_events {
  void (*found)(const char *node, const char *sysfs, const char *by_id, void *user_data); /* by_id: NULL when it has none */
  void (*gone)(const char *node, void *user_data);
  void (*overflowed)(void *user_data); /* news were lost: scan again */
};

struct device_watch_impl {
  const char *name;
  int (*scan)(struct device_watch *watch); /* found() for each node there is; 0 or -errno */
  void (*destroy)(struct device_watch *watch);
};

struct device_watch {
  const struct device_watch_impl *impl;
  const struct device_watch_events *events;
  void *user_data;
};

/* NULL: errno. Both watch from here on, so a scan afterwards misses nothing. */
struct device_watch *device_watch_udev_create(struct event_loop *loop, const struct device_watch_events *events, void *user_data);

/* `devices`: "/dev/input", which need not exist yet if its parent does; `sysfs`: "/sys/class/input". */
struct device_watch *device_watch_inotify_create(struct event_loop *loop, const char *devices, const char *sysfs,
                                                 const struct device_watch_events *events, void *user_data);

#endif
