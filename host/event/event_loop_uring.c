#include "host/event/event_backend.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>

/* One-shot poll requests: each is level-triggered at the moment it is submitted, and all that are due are submitted by the same system
 * call that waits. A source has at most one request in the kernel. Completions of cancellations carry no source (user data 0). */
struct event_backend {
  struct io_uring ring;
  struct event_source *to_arm; /* singly linked by next_queued */
};

#define URING_ENTRIES 64 /* requests handed over in one go; more are handed over in several */

static uint32_t to_kernel(uint32_t events) {
  return (events & EVENT_READABLE ? (uint32_t)POLLIN : 0) | (events & EVENT_WRITABLE ? (uint32_t)POLLOUT : 0);
}

static uint32_t from_kernel(uint32_t events) {
  return (events & POLLIN ? EVENT_READABLE : 0u) | (events & POLLOUT ? EVENT_WRITABLE : 0u) |
         (events & (POLLHUP | POLLERR | POLLNVAL) ? EVENT_HANGUP : 0u);
}

static struct event_backend *create(void) {
  struct event_backend *backend = calloc(1, sizeof *backend);
  if (!backend)
    return NULL;
  int error = io_uring_queue_init(URING_ENTRIES, &backend->ring, IORING_SETUP_CLAMP);
  if (!error && !(backend->ring.features & IORING_FEAT_EXT_ARG)) { /* waiting with a time limit, Linux 5.11 */
    io_uring_queue_exit(&backend->ring);
    error = -ENOSYS;
  }
  if (error) {
    free(backend);
    errno = -error;
    return NULL;
  }
  return backend;
}

static void destroy(struct event_backend *backend) {
  io_uring_queue_exit(&backend->ring);
  free(backend);
}

static struct io_uring_sqe *take_request(struct event_backend *backend) {
  struct io_uring_sqe *request = io_uring_get_sqe(&backend->ring);
  if (request)
    return request;
  io_uring_submit(&backend->ring);
  return io_uring_get_sqe(&backend->ring);
}

static void queue_arm(struct event_backend *backend, struct event_source *source) {
  if (source->queued || source->in_flight)
    return;
  source->queued = true;
  source->next_queued = backend->to_arm;
  backend->to_arm = source;
}

static int watch(struct event_backend *backend, struct event_source *source) {
  queue_arm(backend, source);
  return 0;
}

/* Submitted at once: until then the request keeps the file open, and the other end would not see our close(). */
static void cancel(struct event_backend *backend, struct event_source *source) {
  struct io_uring_sqe *request = take_request(backend);
  if (!request)
    return;
  io_uring_prep_poll_remove(request, (__u64)(uintptr_t)source);
  io_uring_sqe_set_data(request, NULL);
  io_uring_submit(&backend->ring);
}

static void update(struct event_backend *backend, struct event_source *source) {
  if (source->in_flight && source->flight_events != source->events)
    cancel(backend, source); /* armed again when it comes back */
}

static void unwatch(struct event_backend *backend, struct event_source *source) {
  if (source->in_flight)
    cancel(backend, source);
  if (!source->queued)
    return;
  struct event_source **link = &backend->to_arm;
  while (*link != source)
    link = &(*link)->next_queued;
  *link = source->next_queued;
  source->queued = false;
}

static int arm_all(struct event_backend *backend) {
  while (backend->to_arm) {
    struct io_uring_sqe *request = take_request(backend);
    if (!request)
      return -EBUSY;
    struct event_source *source = backend->to_arm;
    backend->to_arm = source->next_queued;
    source->queued = false;
    source->in_flight = true;
    source->flight_events = source->events;
    io_uring_prep_poll_add(request, source->fd, to_kernel(source->events));
    io_uring_sqe_set_data(request, source);
  }
  return 0;
}

/* A request came back: news for its source, or the end of a cancelled one. True with news. */
static bool take_completion(struct event_backend *backend, const struct io_uring_cqe *completion, struct event_ready *ready) {
  struct event_source *source = io_uring_cqe_get_data(completion);
  if (!source || completion->user_data == LIBURING_UDATA_TIMEOUT)
    return false;
  source->in_flight = false;
  if (source->removed)
    return false;
  queue_arm(backend, source);
  if (completion->res == -ECANCELED)
    return false;
  uint32_t events = completion->res < 0 ? EVENT_HANGUP : from_kernel((uint32_t)completion->res);
  *ready = (struct event_ready){source, events & (source->events | EVENT_HANGUP)};
  return ready->events != 0;
}

static int wait(struct event_backend *backend, int timeout_ms, struct event_ready ready[EVENT_READY_MAX]) {
  int result = arm_all(backend);
  if (result)
    return result;
  struct __kernel_timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000LL};
  struct io_uring_cqe *completion = NULL;
  result = io_uring_submit_and_wait_timeout(&backend->ring, &completion, 1, timeout_ms < 0 ? NULL : &limit, NULL);
  if (result < 0 && result != -ETIME && result != -EINTR && result != -EBUSY)
    return result;
  int count = 0;
  unsigned head, taken = 0;
  io_uring_for_each_cqe(&backend->ring, head, completion) {
    if (count == EVENT_READY_MAX)
      break;
    count += take_completion(backend, completion, &ready[count]);
    taken++;
  }
  io_uring_cq_advance(&backend->ring, taken);
  return count;
}

const struct event_backend_impl event_backend_uring = {"io_uring", create, destroy, watch, update, unwatch, wait};
