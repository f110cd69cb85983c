/* The viewer's event-loop thread: the link to the guest, signals and timers live and die on it. */
#ifndef TRANSOM_HOST_APP_CONTROL_THREAD_H
#define TRANSOM_HOST_APP_CONTROL_THREAD_H

#include "host/app/guest_mode.h"
#include "host/app/mode_follower.h"
#include "host/link/guest_link.h"

#include <stddef.h>

struct control_thread;
struct stats_socket;

struct control_options {
  const char *region;
  struct stats_socket *stats_socket; /* served by this thread; NULL = none */
  uint32_t head;
  bool only_watches;            /* another thread of this process has signals and the message rings */
  uint64_t seconds;             /* 0 = no limit */
  uint64_t stats_interval_ms;   /* 0 = no ticks */
  uint64_t latency_interval_ms; /* 0 = no ticks */
  uint64_t clock_interval_ns;   /* between questions for the guest's time; 0 = none */
  struct guest_mode mode;
};

struct control_events { /* all on the control thread */
  void (*state)(enum guest_link_state state, const char *text, void *user_data);
  void (*session)(uint32_t head_count, void *user_data);                     /* head_count: the agent's */
  void (*stats)(void *user_data);                                            /* a tick */
  void (*latency)(void *user_data);                                          /* a tick */
  void (*clock)(const struct transom_clock_sample *sample, void *user_data); /* the guest's time: as guest_link_events */
  void (*nudged)(void *user_data);                                           /* control_thread_nudge() was called */
  void (*quit)(bool by_time, void *user_data);                               /* SIGINT, SIGTERM, SIGHUP, or `seconds` have passed */
};

/* SIGINT, SIGTERM and SIGHUP are taken by the control thread alone. Call this before anything starts a thread, graphics drivers too: a
 * signal would end the program on a thread that does not block it. */
void control_thread_block_signals(void);

/* Blocks the signals in the caller's thread. `options` must live until stop. Returns once
 * the link is there. NULL: `error` says why. */
struct control_thread *control_thread_start(const struct control_options *options, const struct control_events *events, void *user_data,
                                            char *error, size_t capacity);

/* Leaves the region. Waits for the thread's end; NULL is fine. */
void control_thread_stop(struct control_thread *control);

struct guest_link *control_thread_link(struct control_thread *control);

/* What the window is now, for a guest that follows it. Any thread; does not wait. */
void control_thread_window(struct control_thread *control, const struct mode_follower_window *window);

/* Calls `nudged` soon. Any thread; does not wait, which waking the window may: it takes a lock of the X client's. */
void control_thread_nudge(struct control_thread *control);

/* Ticks of `latency` come so often from now on; 0 = none. Any thread; does not wait. */
void control_thread_set_latency_interval(struct control_thread *control, uint64_t interval_ms);

#endif
