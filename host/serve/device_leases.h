/* The input devices that are lent to a viewer: every keyboard, mouse and game controller there is, as open evdev descriptors of which we
 * keep a duplicate, so that they can be made worthless from outside (EVIOCREVOKE: the grab ends, reads fail with ENODEV).
 *
 * Finds and opens them when created, follows what is plugged in and out, and revokes everything when destroyed. On one event loop, whose
 * thread calls everything. */
#ifndef TRANSOM_HOST_SERVE_DEVICE_LEASES_H
#define TRANSOM_HOST_SERVE_DEVICE_LEASES_H

#include "host/devices/input_device.h"

#include <stdbool.h>

struct event_loop;
struct device_leases;

#define DEVICE_LEASES_MAX 64

/* How a node is opened and revoked: the kernel's way, or a test's. */
struct device_access {
  int (*open)(const char *node);          /* non-blocking descriptor or -errno */
  void (*revoke)(int fd);                 /* nobody reads from it any more, whoever has copies */
  int (*watch)(const char *node);         /* a descriptor of our own that only tells what is down, or -errno */
  bool (*is_down)(int fd, uint16_t code); /* on such a one: a key, by its Linux code */
};
extern const struct device_access device_access_evdev;

struct device_leases_events {
  void (*opened)(const struct input_device_info *info, int fd, void *user_data); /* the descriptor stays ours */
  void (*gone)(const char *node, void *user_data);
};

/* `opened` is called for the devices that are there before it returns. NULL: errno. */
struct device_leases *device_leases_create(struct event_loop *loop, const struct device_access *access,
                                           const struct device_leases_events *events, void *user_data);
void device_leases_destroy(struct device_leases *leases);

/* How many were lent, and how many could not be opened for want of rights. */
unsigned device_leases_count(const struct device_leases *leases);
unsigned device_leases_denied(const struct device_leases *leases);

/* Does the user hold this key (Linux code) on one of them now? */
bool device_leases_is_down(const struct device_leases *leases, uint16_t code);

#endif
