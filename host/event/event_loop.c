#include "host/event/event_loop.h"

#include "host/event/event_backend.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct event_loop {
  const struct event_backend_impl *impl;
  struct event_backend *backend;
  struct event_source *live; /* all that are registered */
  struct event_source *dead; /* removed; freed when neither the kernel nor the batch under way knows them */
  struct event_source *wake;
  event_wake_handler wake_handler;
  void *wake_user_data;
  atomic_bool stop; /* set by any thread, then the wake-up is written; taken by event_loop_run() */
};

static void list_insert(struct event_source **list, struct event_source *source) {
  source->previous = NULL;
  source->next = *list;
  if (*list)
    (*list)->previous = source;
  *list = source;
}

static void list_remove(struct event_source **list, struct event_source *source) {
  if (source->previous)
    source->previous->next = source->next;
  else
    *list = source->next;
  if (source->next)
    source->next->previous = source->previous;
}

static struct event_source *add_source(struct event_loop *loop, enum event_source_kind kind, int fd, uint32_t events, void *user_data) {
  struct event_source *source = calloc(1, sizeof *source);
  if (!source)
    return NULL;
  *source = (struct event_source){.loop = loop, .kind = kind, .fd = fd, .events = events, .user_data = user_data};
  int error = loop->impl->watch(loop->backend, source);
  if (error) {
    free(source);
    errno = -error;
    return NULL;
  }
  list_insert(&loop->live, source);
  return source;
}

/* Sources own the descriptors that the loop itself opened. */
static void free_source(struct event_source *source) {
  if (source->kind != EVENT_SOURCE_FD)
    close(source->fd);
  free(source);
}

static void free_list(struct event_source *source) {
  while (source) {
    struct event_source *next = source->next;
    free_source(source);
    source = next;
  }
}

static bool open_backend(struct event_loop *loop, enum event_loop_kind kind) {
  const char *wish = getenv("TRANSOM_EVENT_LOOP"); /* for support: "epoll" or "io_uring" */
  if (kind == EVENT_LOOP_AUTO && wish && !strcmp(wish, "epoll"))
    kind = EVENT_LOOP_EPOLL;
  if (kind == EVENT_LOOP_AUTO && wish && !strcmp(wish, "io_uring"))
    kind = EVENT_LOOP_URING;
  if (kind != EVENT_LOOP_EPOLL) {
    loop->impl = &event_backend_uring;
    loop->backend = loop->impl->create();
  }
  if (!loop->backend && kind != EVENT_LOOP_URING) {
    loop->impl = &event_backend_epoll;
    loop->backend = loop->impl->create();
  }
  return loop->backend != NULL;
}

static bool open_wake(struct event_loop *loop) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0)
    return false;
  loop->wake = add_source(loop, EVENT_SOURCE_WAKE, fd, EVENT_READABLE, NULL);
  if (!loop->wake)
    close(fd);
  return loop->wake != NULL;
}

struct event_loop *event_loop_create(enum event_loop_kind kind) {
  struct event_loop *loop = calloc(1, sizeof *loop);
  if (!loop)
    return NULL;
  if (!open_backend(loop, kind))
    goto fail_loop;
  if (!open_wake(loop))
    goto fail_backend;
  return loop;

fail_backend:
  loop->impl->destroy(loop->backend);
fail_loop:
  free(loop);
  return NULL;
}

void event_loop_destroy(struct event_loop *loop) {
  if (!loop)
    return;
  loop->impl->destroy(loop->backend); /* first: afterwards the kernel knows no source */
  free_list(loop->live);
  free_list(loop->dead);
  free(loop);
}

const char *event_loop_name(const struct event_loop *loop) { return loop->impl->name; }

struct event_source *event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_fd_handler handler, void *user_data) {
  struct event_source *source = add_source(loop, EVENT_SOURCE_FD, fd, events, user_data);
  if (source)
    source->fd_handler = handler;
  return source;
}

void event_source_set_events(struct event_source *source, uint32_t events) {
  assert(source->kind == EVENT_SOURCE_FD);
  if (source->events == events)
    return;
  source->events = events;
  source->loop->impl->update(source->loop->backend, source);
}

struct event_source *event_loop_add_timer(struct event_loop *loop, event_timer_handler handler, void *user_data) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0)
    return NULL;
  struct event_source *source = add_source(loop, EVENT_SOURCE_TIMER, fd, EVENT_READABLE, user_data);
  if (source)
    source->timer_handler = handler;
  else
    close(fd);
  return source;
}

static struct timespec to_timespec(uint64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

void event_timer_set(struct event_source *timer, uint64_t delay_ns, uint64_t interval_ns) {
  assert(timer->kind == EVENT_SOURCE_TIMER);
  struct itimerspec setting = {.it_value = to_timespec(delay_ns), .it_interval = to_timespec(interval_ns)};
  int result = timerfd_settime(timer->fd, 0, &setting, NULL);
  assert(result == 0);
  (void)result;
}

void event_source_remove(struct event_source *source) {
  if (!source)
    return;
  assert(!source->removed);
  struct event_loop *loop = source->loop;
  source->removed = true;
  loop->impl->unwatch(loop->backend, source);
  list_remove(&loop->live, source);
  list_insert(&loop->dead, source);
}

void event_loop_set_wake(struct event_loop *loop, event_wake_handler handler, void *user_data) {
  loop->wake_handler = handler;
  loop->wake_user_data = user_data;
}

void event_loop_wake(struct event_loop *loop) {
  uint64_t one = 1;
  int saved_errno = errno; /* signal handlers call this */
  ssize_t written = write(loop->wake->fd, &one, sizeof one);
  (void)written; /* fails only when the counter is full, and then the loop is awake anyway */
  errno = saved_errno;
}

void event_loop_stop(struct event_loop *loop) {
  atomic_store(&loop->stop, true);
  event_loop_wake(loop);
}

/* A timer that was set anew after it fired has nothing to read: then it has not fired. */
static bool drain(int fd) {
  uint64_t count;
  return read(fd, &count, sizeof count) == (ssize_t)sizeof count;
}

static int dispatch(struct event_loop *loop, const struct event_ready *ready) {
  struct event_source *source = ready->source;
  uint32_t events = ready->events & (source->events | EVENT_HANGUP);
  if (source->removed || !events)
    return 0;
  if (source->kind == EVENT_SOURCE_FD) {
    source->fd_handler(source->fd, events, source->user_data);
    return 1;
  }
  if (!drain(source->fd))
    return 0;
  if (source->kind == EVENT_SOURCE_TIMER)
    source->timer_handler(source->user_data);
  else if (loop->wake_handler)
    loop->wake_handler(loop->wake_user_data);
  return source->kind == EVENT_SOURCE_TIMER || loop->wake_handler != NULL;
}

static void free_dead(struct event_loop *loop) {
  struct event_source *next;
  for (struct event_source *source = loop->dead; source; source = next) {
    next = source->next;
    if (source->in_flight)
      continue;
    list_remove(&loop->dead, source);
    free_source(source);
  }
}

int event_loop_run_once(struct event_loop *loop, int timeout_ms) {
  struct event_ready ready[EVENT_READY_MAX];
  int count = loop->impl->wait(loop->backend, timeout_ms, ready);
  if (count < 0)
    return count;
  int called = 0;
  for (int i = 0; i < count; i++)
    called += dispatch(loop, &ready[i]);
  free_dead(loop);
  return called;
}

int event_loop_run(struct event_loop *loop) {
  while (!atomic_exchange(&loop->stop, false)) {
    int result = event_loop_run_once(loop, -1);
    if (result < 0)
      return result;
  }
  return 0;
}
