#include "support/manual_event_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SOURCES_MAX 64

struct event_source {
  struct event_loop *loop;
  int fd; /* -1 = timer */
  uint32_t events;
  event_fd_handler on_fd;
  event_timer_handler on_timer;
  uint64_t due_ns, interval_ns; /* due 0 = disarmed */
  void *user_data;
};

struct event_loop {
  struct event_source *sources[SOURCES_MAX];
  uint64_t now_ns;
  int wake_fd;
  event_wake_handler on_wake;
  void *wake_user_data;
  bool stopped;
};

static void on_wake_fd(int fd, uint32_t events, void *user_data) {
  (void)events;
  struct event_loop *loop = user_data;
  uint64_t count;
  if (read(fd, &count, sizeof(count)) > 0 && loop->on_wake)
    loop->on_wake(loop->wake_user_data);
}

struct event_loop *event_loop_create(enum event_loop_kind kind) {
  (void)kind;
  struct event_loop *loop = calloc(1, sizeof(*loop));
  if (!loop)
    abort();
  loop->now_ns = 1000;
  loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  event_loop_add_fd(loop, loop->wake_fd, EVENT_READABLE, on_wake_fd, loop);
  return loop;
}

void event_loop_destroy(struct event_loop *loop) {
  if (!loop)
    return;
  event_source_remove(loop->sources[0]);
  for (size_t i = 0; i < SOURCES_MAX; i++)
    if (loop->sources[i])
      abort(); /* somebody forgot event_source_remove() */
  close(loop->wake_fd);
  free(loop);
}

const char *event_loop_name(const struct event_loop *loop) {
  (void)loop;
  return "manual";
}

static struct event_source *add(struct event_loop *loop, struct event_source source) {
  for (size_t i = 0; i < SOURCES_MAX; i++) {
    if (loop->sources[i])
      continue;
    loop->sources[i] = malloc(sizeof(source));
    if (!loop->sources[i])
      abort();
    *loop->sources[i] = source;
    return loop->sources[i];
  }
  abort();
}

struct event_source *event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_fd_handler handler, void *user_data) {
  return add(loop, (struct event_source){.loop = loop, .fd = fd, .events = events, .on_fd = handler, .user_data = user_data});
}

void event_source_set_events(struct event_source *source, uint32_t events) { source->events = events; }

struct event_source *event_loop_add_timer(struct event_loop *loop, event_timer_handler handler, void *user_data) {
  return add(loop, (struct event_source){.loop = loop, .fd = -1, .on_timer = handler, .user_data = user_data});
}

void event_timer_set(struct event_source *timer, uint64_t delay_ns, uint64_t interval_ns) {
  timer->due_ns = delay_ns ? timer->loop->now_ns + delay_ns : 0;
  timer->interval_ns = interval_ns;
}

void event_source_remove(struct event_source *source) {
  if (!source)
    return;
  for (size_t i = 0; i < SOURCES_MAX; i++)
    if (source->loop->sources[i] == source)
      source->loop->sources[i] = NULL;
  free(source);
}

void event_loop_set_wake(struct event_loop *loop, event_wake_handler handler, void *user_data) {
  loop->on_wake = handler;
  loop->wake_user_data = user_data;
}

void event_loop_wake(struct event_loop *loop) {
  const uint64_t one = 1;
  if (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
    abort();
}

static uint32_t from_poll(short events) {
  return (events & POLLIN ? EVENT_READABLE : 0u) | (events & POLLOUT ? EVENT_WRITABLE : 0u) |
         (events & (POLLHUP | POLLERR) ? EVENT_HANGUP : 0u);
}

/* One callback a call: the handler may remove any source, so what poll() said about the others is forgotten. */
int event_loop_run_once(struct event_loop *loop, int timeout_ms) {
  struct pollfd polled[SOURCES_MAX];
  for (size_t i = 0; i < SOURCES_MAX; i++) {
    const struct event_source *source = loop->sources[i];
    polled[i] = (struct pollfd){.fd = source ? source->fd : -1};
    if (source)
      polled[i].events = (short)((source->events & EVENT_READABLE ? POLLIN : 0) | (source->events & EVENT_WRITABLE ? POLLOUT : 0));
  }
  if (poll(polled, SOURCES_MAX, timeout_ms) <= 0)
    return 0;
  for (size_t i = 0; i < SOURCES_MAX; i++) {
    if (!polled[i].revents)
      continue;
    loop->sources[i]->on_fd(polled[i].fd, from_poll(polled[i].revents), loop->sources[i]->user_data);
    return 1;
  }
  return 0;
}

int event_loop_run(struct event_loop *loop) {
  for (loop->stopped = false; !loop->stopped;)
    event_loop_run_once(loop, -1);
  return 0;
}

void event_loop_stop(struct event_loop *loop) {
  loop->stopped = true;
  event_loop_wake(loop);
}

static struct event_source *next_due(struct event_loop *loop, uint64_t until_ns) {
  struct event_source *next = NULL;
  for (size_t i = 0; i < SOURCES_MAX; i++) {
    struct event_source *source = loop->sources[i];
    if (source && source->due_ns && source->due_ns <= until_ns && (!next || source->due_ns < next->due_ns))
      next = source;
  }
  return next;
}

void manual_event_loop_advance(struct event_loop *loop, uint64_t ns) {
  const uint64_t until_ns = loop->now_ns + ns;
  struct event_source *timer;
  while ((timer = next_due(loop, until_ns))) {
    loop->now_ns = timer->due_ns;
    timer->due_ns = timer->interval_ns ? timer->due_ns + timer->interval_ns : 0;
    timer->on_timer(timer->user_data);
  }
  loop->now_ns = until_ns;
}

void manual_event_loop_settle(struct event_loop *loop) {
  while (event_loop_run_once(loop, 0) > 0)
    ;
}
