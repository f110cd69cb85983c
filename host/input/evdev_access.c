#include "host/input/evdev_access.h"

#include "host/input/evdev_libevdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_held(int fd) {
  if (ioctl(fd, EVIOCGRAB, 1))
    return errno == EBUSY;
  ioctl(fd, EVIOCGRAB, 0);
  return false;
}

struct evdev_access evdev_access_of(const char *node) {
  struct evdev_access access = {.kind = EVDEV_ACCESS_FULL};
  int fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    access.kind = EVDEV_ACCESS_READ;
    fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  if (fd < 0) {
    access.fault = -errno;
    access.kind = errno == EACCES || errno == EPERM ? EVDEV_ACCESS_DENIED : EVDEV_ACCESS_FAILED;
    return access;
  }
  if (is_held(fd))
    access.kind = EVDEV_ACCESS_HELD;
  close(fd);
  return access;
}
