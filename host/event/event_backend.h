/* What event_loop.c needs of the kernel: "which of these descriptors are ready?" Private to host/event.
 *
 * Timers are timerfds and the wake-up is an eventfd, so a backend knows descriptors only. A source that a backend still has in the kernel
 * (`in_flight`) is not freed until the backend has seen it come back. */
#ifndef TRANSOM_HOST_EVENT_EVENT_BACKEND_H
#define TRANSOM_HOST_EVENT_EVENT_BACKEND_H

#include "host/event/event_loop.h"

#define EVENT_READY_MAX 64 /* taken from the kernel in one go; the rest comes with the next */

enum event_source_kind { EVENT_SOURCE_FD, EVENT_SOURCE_TIMER, EVENT_SOURCE_WAKE };

struct event_source {
  struct event_loop *loop;
  struct event_source *previous, *next;
  enum event_source_kind kind;
  int fd;
  uint32_t events;
  bool removed;
  bool in_flight;         /* io_uring: a poll request is in the kernel */
  bool queued;            /* io_uring: on the list of those to be armed before the next wait */
  uint32_t flight_events; /* io_uring: what that request waits for */
  struct event_source *next_queued;
  event_fd_handler fd_handler;
  event_timer_handler timer_handler;
  void *user_data;
};

struct event_ready {
  struct event_source *source;
  uint32_t events;
};

struct event_backend;

struct event_backend_impl {
  const char *name;
  struct event_backend *(*create)(void); /* NULL: errno */
  void (*destroy)(struct event_backend *backend);
  int (*watch)(struct event_backend *backend, struct event_source *source);    /* 0 or -errno */
  void (*update)(struct event_backend *backend, struct event_source *source);  /* source->events changed */
  void (*unwatch)(struct event_backend *backend, struct event_source *source); /* source->removed is set */
  /* Fills `ready`; number, or -errno. -1 = no limit. An interruption by a signal is 0. */
  int (*wait)(struct event_backend *backend, int timeout_ms, struct event_ready ready[EVENT_READY_MAX]);
};

extern const struct event_backend_impl event_backend_uring;
extern const struct event_backend_impl event_backend_epoll;

#endif
