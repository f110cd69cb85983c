#define LOG_MODULE "serve"
#include "host/serve/device_leases.h"

#include "common/log.h"
#include "host/devices/device_discovery.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/major.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct lease {
  int fd;    /* -1: free */
  int watch; /* -1: none */
  char node[sizeof((struct input_device_info *)0)->node];
};

struct device_leases {
  const struct device_access *access;
  const struct device_leases_events *events;
  void *user_data;
  struct device_discovery *discovery;
  struct lease leases[DEVICE_LEASES_MAX];
  unsigned denied;
};

/* Whatever the name says, only an evdev node is lent. */
static bool is_evdev(int fd) {
  struct stat status;
  int version;
  return !fstat(fd, &status) && S_ISCHR(status.st_mode) && major(status.st_rdev) == INPUT_MAJOR && ioctl(fd, EVIOCGVERSION, &version) == 0;
}

static int evdev_open(const char *node) {
  const int fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return -errno;
  if (is_evdev(fd))
    return fd;
  close(fd);
  return -ENODEV;
}

static void evdev_revoke(int fd) {
  if (ioctl(fd, EVIOCREVOKE, NULL) && errno != ENODEV)
    log_error("cannot take an input device back: %s; end the viewer that has it", strerror(errno));
}

/* Not the lent descriptor or a duplicate of it: EVIOCGKEY throws away the key events that wait on the description that it is called on.
 * Nothing is queued on this one: we want to know what is down, not what is typed. */
static int evdev_watch(const char *node) {
  static const uint8_t no_types[8];
  const struct input_mask mask = {.type = EV_SYN, .codes_size = sizeof no_types, .codes_ptr = (uintptr_t)no_types};
  const int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return -errno;
  if (is_evdev(fd) && !ioctl(fd, EVIOCSMASK, &mask))
    return fd;
  close(fd);
  return -ENODEV;
}

static bool evdev_is_down(int fd, uint16_t code) {
  uint8_t down[KEY_CNT / 8] = {0};
  return code < KEY_CNT && ioctl(fd, EVIOCGKEY(sizeof down), down) >= 0 && (down[code / 8] >> (code % 8) & 1);
}

const struct device_access device_access_evdev = {
    .open = evdev_open, .revoke = evdev_revoke, .watch = evdev_watch, .is_down = evdev_is_down};

static struct lease *find(struct device_leases *leases, const char *node) {
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++)
    if (leases->leases[i].fd >= 0 && !strcmp(leases->leases[i].node, node))
      return &leases->leases[i];
  return NULL;
}

static struct lease *find_free(struct device_leases *leases) {
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++)
    if (leases->leases[i].fd < 0)
      return &leases->leases[i];
  return NULL;
}

static void end_lease(struct device_leases *leases, struct lease *lease) {
  leases->access->revoke(lease->fd);
  close(lease->fd);
  if (lease->watch >= 0)
    close(lease->watch);
  lease->fd = lease->watch = -1;
}

static void on_removed(const char *node, void *user_data) {
  struct device_leases *leases = user_data;
  struct lease *lease = find(leases, node);
  if (!lease)
    return;
  end_lease(leases, lease);
  leases->events->gone(node, leases->user_data);
}

static void on_added(const struct input_device_info *info, void *user_data) {
  struct device_leases *leases = user_data;
  if (!info->roles)
    return;
  on_removed(info->node, leases); /* the same name again: another device */
  struct lease *lease = find_free(leases);
  const int fd = lease ? leases->access->open(info->node) : -EMFILE;
  if (fd == -EACCES || fd == -EPERM)
    leases->denied++;
  if (fd < 0) {
    log_info("%s (%s) cannot be lent: %s", info->node, info->name, strerror(-fd));
    return;
  }
  lease->fd = fd;
  lease->watch = leases->access->watch(info->node);
  memcpy(lease->node, info->node, sizeof lease->node);
  leases->events->opened(info, fd, leases->user_data);
}

struct device_leases *device_leases_create(struct event_loop *loop, const struct device_access *access,
                                           const struct device_leases_events *events, void *user_data) {
  static const struct device_discovery_events discovery_events = {.added = on_added, .removed = on_removed};
  struct device_leases *leases = calloc(1, sizeof *leases);
  if (!leases)
    return NULL;
  *leases = (struct device_leases){.access = access, .events = events, .user_data = user_data};
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++)
    leases->leases[i].fd = leases->leases[i].watch = -1;
  leases->discovery = device_discovery_create(loop, &discovery_events, leases);
  if (leases->discovery)
    return leases;
  const int error = errno;
  device_leases_destroy(leases);
  errno = error;
  return NULL;
}

void device_leases_destroy(struct device_leases *leases) {
  if (!leases)
    return;
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++)
    if (leases->leases[i].fd >= 0)
      end_lease(leases, &leases->leases[i]);
  device_discovery_destroy(leases->discovery);
  free(leases);
}

unsigned device_leases_count(const struct device_leases *leases) {
  unsigned count = 0;
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++)
    count += leases->leases[i].fd >= 0;
  return count;
}

unsigned device_leases_denied(const struct device_leases *leases) { return leases->denied; }

bool device_leases_is_down(const struct device_leases *leases, uint16_t code) {
  for (unsigned i = 0; i < DEVICE_LEASES_MAX; i++) {
    const struct lease *lease = &leases->leases[i];
    if (lease->watch >= 0 && leases->access->is_down(lease->watch, code))
      return true;
  }
  return false;
}
