/* The seam for waiting: descriptors, timers and wake-ups from other threads, on one thread.
 *
 * Two implementations, io_uring (poll requests, one ring) and epoll; event_loop_create() takes io_uring and falls back where the system
 * refuses it, and event_loop_name() says which. Control plane: callbacks run on the thread that calls event_loop_run(); they may add and
 * remove anything, themselves included. Only event_loop_wake() and event_loop_stop() may be called from other threads. */
#ifndef TRANSOM_HOST_EVENT_EVENT_LOOP_H
#define TRANSOM_HOST_EVENT_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_loop;
struct event_source; /* one registered descriptor or timer; valid until removed */

enum event_mask { EVENT_READABLE = 1, EVENT_WRITABLE = 2, EVENT_HANGUP = 4 };

typedef void (*event_fd_handler)(int fd, uint32_t events, void *user_data);
typedef void (*event_timer_handler)(void *user_data);
typedef void (*event_wake_handler)(void *user_data);

enum event_loop_kind { EVENT_LOOP_AUTO, EVENT_LOOP_URING, EVENT_LOOP_EPOLL };

struct event_loop *event_loop_create(enum event_loop_kind kind); /* NULL: errno says why */
void event_loop_destroy(struct event_loop *loop);
const char *event_loop_name(const struct event_loop *loop); /* "io_uring" or "epoll" */

/* NULL when out of memory. The descriptor stays the caller's; remove the source before closing it. Level-triggered. */
struct event_source *event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_fd_handler handler, void *user_data);
void event_source_set_events(struct event_source *source, uint32_t events); /* of a descriptor source */

/* A disarmed timer on CLOCK_MONOTONIC. */
struct event_source *event_loop_add_timer(struct event_loop *loop, event_timer_handler handler, void *user_data);
void event_timer_set(struct event_source *timer, uint64_t delay_ns, uint64_t interval_ns); /* delay 0 disarms; interval 0 = once */

void event_source_remove(struct event_source *source); /* NULL is fine */

/* Runs `handler` on the loop's thread soon; wakes before it ran are merged. Any thread, and signal handlers. */
void event_loop_set_wake(struct event_loop *loop, event_wake_handler handler, void *user_data);
void event_loop_wake(struct event_loop *loop);

/* Runs until event_loop_stop(). 0, or -errno when the kernel fails us. */
int event_loop_run(struct event_loop *loop);
int event_loop_run_once(struct event_loop *loop, int timeout_ms); /* -1 = no limit; number of callbacks run, or -errno */
void event_loop_stop(struct event_loop *loop);

#endif
