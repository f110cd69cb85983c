#include "host/event/event_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct event_backend {
  int epoll;
};

static uint32_t to_kernel(uint32_t events) {
  return (events & EVENT_READABLE ? (uint32_t)EPOLLIN : 0) | (events & EVENT_WRITABLE ? (uint32_t)EPOLLOUT : 0);
}

static uint32_t from_kernel(uint32_t events) {
  return (events & EPOLLIN ? EVENT_READABLE : 0u) | (events & EPOLLOUT ? EVENT_WRITABLE : 0u) |
         (events & (EPOLLHUP | EPOLLERR) ? EVENT_HANGUP : 0u);
}

static struct event_backend *create(void) {
  struct event_backend *backend = calloc(1, sizeof *backend);
  if (!backend)
    return NULL;
  backend->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (backend->epoll < 0) {
    free(backend);
    return NULL;
  }
  return backend;
}

static void destroy(struct event_backend *backend) {
  close(backend->epoll);
  free(backend);
}

static int control(struct event_backend *backend, int operation, struct event_source *source) {
  struct epoll_event event = {.events = to_kernel(source->events), .data.ptr = source};
  return epoll_ctl(backend->epoll, operation, source->fd, &event) ? -errno : 0;
}

static int watch(struct event_backend *backend, struct event_source *source) { return control(backend, EPOLL_CTL_ADD, source); }

static void update(struct event_backend *backend, struct event_source *source) { control(backend, EPOLL_CTL_MOD, source); }

static void unwatch(struct event_backend *backend, struct event_source *source) { control(backend, EPOLL_CTL_DEL, source); }

static int wait(struct event_backend *backend, int timeout_ms, struct event_ready ready[EVENT_READY_MAX]) {
  struct epoll_event events[EVENT_READY_MAX];
  int count = epoll_wait(backend->epoll, events, EVENT_READY_MAX, timeout_ms);
  if (count < 0)
    return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++)
    ready[i] = (struct event_ready){events[i].data.ptr, from_kernel(events[i].events)};
  return count;
}

const struct event_backend_impl event_backend_epoll = {"epoll", create, destroy, watch, update, unwatch, wait};
