/* May we read a device, and take it? Opens it for a moment. Control plane, any thread. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_ACCESS_H
#define TRANSOM_HOST_INPUT_EVDEV_ACCESS_H

enum evdev_access_kind {
  EVDEV_ACCESS_FULL,   /* read, take, light its LEDs */
  EVDEV_ACCESS_READ,   /* all but its LEDs */
  EVDEV_ACCESS_HELD,   /* another program holds it */
  EVDEV_ACCESS_DENIED, /* no right */
  EVDEV_ACCESS_FAILED, /* see fault */
};

struct evdev_access {
  enum evdev_access_kind kind;
  int fault; /* -errno of the open() */
};

/* To see whether another program holds it, it is grabbed for some microseconds. */
struct evdev_access evdev_access_of(const char *node);

#endif
