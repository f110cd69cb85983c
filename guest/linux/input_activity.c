#include "guest/linux/input_activity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#define DEVICES_MAX 64
#define EVENTS_MAX 16

struct input_activity {
  int epoll, notify;
  char directory[64];
  int devices[DEVICES_MAX]; /* -1 = free */
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

/* True when there was anything. A device that is gone reads as ENODEV. */
static bool drain_device(struct input_activity *activity, uint32_t number) {
  char events[4096];
  bool any = false;
  ssize_t got;
  while ((got = read(activity->devices[number], events, sizeof events)) > 0)
    any = true;
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
  const int count = epoll_wait(activity->epoll, events, EVENTS_MAX, 0);
  for (int i = 0; i < count; i++) {
    if (events[i].data.u32 == DEVICES_MAX)
      drain_notify(activity);
    else
      any |= drain_device(activity, events[i].data.u32);
  }
  return any;
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
