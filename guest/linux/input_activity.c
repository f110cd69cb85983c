#include "guest/linux/input_activity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DEVICES_MAX 64
#define EVENTS_MAX 16
#define READ_MAX 64
#define AUTOREPEAT 2

struct input_activity {
  int epoll, notify;
  char directory[64];
  int devices[DEVICES_MAX]; /* -1 = free */
  uint64_t action_ns;       /* CLOCK_MONOTONIC: the first of the last take; 0 = none */
};

static bool watch(const struct input_activity *activity, int fd, uint32_t index) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  return epoll_ctl(activity->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool is_open(const struct input_activity *activity, int number) { return activity->devices[number] >= 0; }

/* eventN sits at place N: the kernel numbers them from 0, and 64 are plenty. */
static void open_device(struct input_activity *activity, int number) {
  char path[96];
  snprintf(path, sizeof path, "%s/event%d", activity->directory, number);
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return;
  const int clock = CLOCK_MONOTONIC; /* what CLOCK_REALTIME says may jump */
  ioctl(fd, EVIOCSCLOCKID, &clock);
  if (watch(activity, fd, (uint32_t)number))
    activity->devices[number] = fd;
  else
    close(fd);
}

static void open_all(struct input_activity *activity) {
  for (int number = 0; number < DEVICES_MAX; number++) {
    if (!is_open(activity, number))
      open_device(activity, number);
  }
}

static void close_device(struct input_activity *activity, uint32_t number) {
  close(activity->devices[number]); /* leaves the epoll set by itself */
  activity->devices[number] = -1;
}

static bool is_action(const struct input_event *event) {
  return event->type == EV_REL || event->type == EV_ABS || (event->type == EV_KEY && event->value != AUTOREPEAT);
}

static void note_actions(struct input_activity *activity, const struct input_event *events, size_t count) {
  for (size_t i = 0; i < count && activity->action_ns == 0; i++) {
    if (is_action(&events[i]))
      activity->action_ns = (uint64_t)events[i].input_event_sec * 1000000000 + (uint64_t)events[i].input_event_usec * 1000;
  }
}

/* True when there was anything. A device that is gone reads as ENODEV. */
static bool drain_device(struct input_activity *activity, uint32_t number) {
  struct input_event events[READ_MAX];
  bool any = false;
  ssize_t got;
  while ((got = read(activity->devices[number], events, sizeof events)) > 0) {
    note_actions(activity, events, (size_t)got / sizeof events[0]);
    any = true;
  }
  if (got == 0 || errno != EAGAIN)
    close_device(activity, number);
  return any;
}

static void drain_notify(struct input_activity *activity) {
  _Alignas(struct inotify_event) char events[4096];
  while (read(activity->notify, events, sizeof events) > 0)
    ;
  open_all(activity);
}

bool input_activity_take(struct input_activity *activity) {
  struct epoll_event events[EVENTS_MAX];
  bool any = false;
  activity->action_ns = 0;
  const int count = epoll_wait(activity->epoll, events, EVENTS_MAX, 0);
  for (int i = 0; i < count; i++) {
    if (events[i].data.u32 == DEVICES_MAX)
      drain_notify(activity);
    else
      any |= drain_device(activity, events[i].data.u32);
  }
  return any;
}

bool input_activity_action(const struct input_activity *activity, uint64_t monotonic_ns, uint64_t *age_ns) {
  if (activity->action_ns == 0)
    return false;
  *age_ns = monotonic_ns > activity->action_ns ? monotonic_ns - activity->action_ns : 0;
  return true;
}

int input_activity_fd(const struct input_activity *activity) { return activity->epoll; }

struct input_activity *input_activity_create(const char *directory) {
  struct input_activity *activity = calloc(1, sizeof *activity);
  if (!activity)
    return NULL;
  memset(activity->devices, -1, sizeof activity->devices);
  snprintf(activity->directory, sizeof activity->directory, "%s", directory);
  activity->epoll = epoll_create1(EPOLL_CLOEXEC);
  activity->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  /* IN_ATTRIB: udev gives a new node its rights only after it was created. */
  if (activity->epoll < 0 || activity->notify < 0 || !watch(activity, activity->notify, DEVICES_MAX) ||
      inotify_add_watch(activity->notify, directory, IN_CREATE | IN_ATTRIB) < 0) {
    input_activity_destroy(activity);
    return NULL;
  }
  open_all(activity);
  return activity;
}

void input_activity_destroy(struct input_activity *activity) {
  if (!activity)
    return;
  for (uint32_t number = 0; number < DEVICES_MAX; number++) {
    if (is_open(activity, (int)number))
      close_device(activity, number);
  }
  if (activity->notify >= 0)
    close(activity->notify);
  if (activity->epoll >= 0)
    close(activity->epoll);
  free(activity);
}
