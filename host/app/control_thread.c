#define LOG_MODULE "view"
#include "host/app/control_thread.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "host/app/stats_socket.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

struct control_thread {
  const struct control_options *options;
  const struct control_events *events;
  void *user_data;
  struct thread *thread;
  sem_t started;
  int error; /* of the start, -errno */
  struct event_loop *loop;
  struct event_source *signals, *limit, *stats, *latency, *mode;
  struct mode_follower follower;
  atomic_ullong window;              /* a struct mode_follower_window in a word: see pack(); 0 = none */
  atomic_ullong latency_interval_ms; /* wanted */
  uint64_t latency_armed_ms;
  int signal_fd;
  sigset_t mask_before;
  struct guest_link *link;
};

static void on_state(enum guest_link_state state, const char *text, void *user_data) {
  struct control_thread *control = user_data;
  control->events->state(state, text, control->user_data);
}

static void on_session(void *user_data) {
  struct control_thread *control = user_data;
  struct guest_session *session = guest_link_session(control->link);
  control->events->session(session ? session->region.head_count : 0, control->user_data);
  guest_session_release(session);
}

/* ---- the guest's mode ---- */

static void ask_for(struct control_thread *control, const struct transom_control_mode_wish *wish) {
  const int error = guest_link_send(control->link, TRANSOM_CONTROL_MODE_WISH, wish, sizeof *wish);
  if (error)
    log_warning("the guest was not asked for %ux%u: %s", wish->width, wish->height, strerror(-error));
}

static void arm_mode(struct control_thread *control) {
  uint64_t due_ns = mode_follower_due_ns(&control->follower), now_ns = clock_monotonic_ns();
  event_timer_set(control->mode, due_ns == MODE_FOLLOWER_NEVER ? 0 : due_ns > now_ns ? due_ns - now_ns : 1, 0);
}

static void on_mode(void *user_data) {
  struct control_thread *control = user_data;
  struct transom_control_mode_wish wish;
  if (mode_follower_take(&control->follower, clock_monotonic_ns(), &wish))
    ask_for(control, &wish);
  arm_mode(control);
}

/* Four edges of 15 bits (TRANSOM_WIDTH_MAX is 2^14), then whether it was chosen, then that there is one. */
static uint64_t pack(const struct mode_follower_window *window) {
  return (uint64_t)(window->width & 0x7fff) | (uint64_t)(window->height & 0x7fff) << 15 | (uint64_t)(window->picture_width & 0x7fff) << 30 |
         (uint64_t)(window->picture_height & 0x7fff) << 45 | (uint64_t)window->chosen << 60 | UINT64_C(1) << 61;
}

static struct mode_follower_window unpack(uint64_t word) {
  return (struct mode_follower_window){word & 0x7fff, word >> 15 & 0x7fff, word >> 30 & 0x7fff, word >> 45 & 0x7fff, word >> 60 & 1};
}

static void follow_window(struct control_thread *control) {
  uint64_t word = atomic_exchange(&control->window, 0);
  if (!word || !control->options->mode.follows_window)
    return;
  const struct mode_follower_window window = unpack(word);
  mode_follower_window(&control->follower, &window, clock_monotonic_ns());
  arm_mode(control);
}

/* An agent says hello when it begins to listen, so it is told of the mode then; after a restart again. */
static void on_message(uint32_t type, const void *payload, uint32_t bytes, void *user_data) {
  struct control_thread *control = user_data;
  (void)payload;
  (void)bytes;
  if (type != TRANSOM_CONTROL_HELLO)
    return;
  if (control->options->mode.wish.width)
    ask_for(control, &control->options->mode.wish);
  mode_follower_hello(&control->follower, clock_monotonic_ns());
  arm_mode(control);
}

/* ---- other events ---- */

static void on_signal(int fd, uint32_t events, void *user_data) {
  struct control_thread *control = user_data;
  struct signalfd_siginfo info;
  (void)events;
  if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
    control->events->quit(false, control->user_data);
}

static void on_limit(void *user_data) {
  struct control_thread *control = user_data;
  control->events->quit(true, control->user_data);
}

static void on_stats(void *user_data) {
  struct control_thread *control = user_data;
  control->events->stats(control->user_data);
}

static void on_latency(void *user_data) {
  struct control_thread *control = user_data;
  control->events->latency(control->user_data);
}

static void on_clock(const struct transom_clock_sample *sample, void *user_data) {
  struct control_thread *control = user_data;
  control->events->clock(sample, control->user_data);
}

static void arm_latency(struct control_thread *control) {
  uint64_t interval_ms = atomic_load(&control->latency_interval_ms);
  if (interval_ms == control->latency_armed_ms)
    return;
  control->latency_armed_ms = interval_ms;
  event_timer_set(control->latency, interval_ms * NS_PER_MS, interval_ms * NS_PER_MS);
}

static void on_wake(void *user_data) {
  struct control_thread *control = user_data;
  follow_window(control);
  arm_latency(control);
  control->events->nudged(control->user_data);
}

static int add_timers(struct control_thread *control) {
  control->limit = event_loop_add_timer(control->loop, on_limit, control);
  control->stats = event_loop_add_timer(control->loop, on_stats, control);
  control->latency = event_loop_add_timer(control->loop, on_latency, control);
  control->mode = event_loop_add_timer(control->loop, on_mode, control);
  if (!control->limit || !control->stats || !control->latency || !control->mode)
    return -ENOMEM;
  event_timer_set(control->limit, control->options->seconds * NS_PER_S, 0);
  uint64_t interval_ns = control->options->stats_interval_ms * NS_PER_MS;
  event_timer_set(control->stats, interval_ns, interval_ns);
  atomic_store(&control->latency_interval_ms, control->options->latency_interval_ms);
  arm_latency(control);
  return 0;
}

static int add_link(struct control_thread *control) {
  static const struct guest_link_events events = {.state = on_state, .session = on_session, .message = on_message, .clock = on_clock};
  struct guest_link_options options = {
      .region = control->options->region, .head = control->options->head, .only_watches = control->options->only_watches};
  control->link = guest_link_create(control->loop, &options, &events, control);
  if (!control->link)
    return errno ? -errno : -ENOMEM;
  guest_link_ask_clock(control->link, control->options->clock_interval_ns);
  return 0;
}

static int set_up(struct control_thread *control) {
  control->loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!control->loop)
    return -errno;
  log_debug("waiting by %s", event_loop_name(control->loop));
  if (control->signal_fd >= 0 &&
      !(control->signals = event_loop_add_fd(control->loop, control->signal_fd, EVENT_READABLE, on_signal, control)))
    return -ENOMEM;
  event_loop_set_wake(control->loop, on_wake, control);
  int error = add_timers(control);
  if (!error)
    error = stats_socket_attach(control->options->stats_socket, control->loop);
  return error ? error : add_link(control);
}

static void tear_down(struct control_thread *control) {
  guest_link_destroy(control->link);
  stats_socket_detach(control->options->stats_socket);
  event_source_remove(control->signals);
  event_source_remove(control->limit);
  event_source_remove(control->stats);
  event_source_remove(control->latency);
  event_source_remove(control->mode);
}

static void run(void *user_data) {
  struct control_thread *control = user_data;
  int error = set_up(control);
  control->error = error;
  sem_post(&control->started);
  if (error == 0) {
    error = event_loop_run(control->loop);
    if (error) {
      log_error("waiting for the guest failed: %s", strerror(-error));
      control->events->quit(false, control->user_data);
    }
  }
  tear_down(control);
}

static void fill_mask(sigset_t *mask) {
  sigemptyset(mask);
  sigaddset(mask, SIGINT);
  sigaddset(mask, SIGTERM);
  sigaddset(mask, SIGHUP);
}

void control_thread_block_signals(void) {
  sigset_t mask;
  fill_mask(&mask);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
}

/* Signals go to signal_fd alone: SDL, the presenter and the copies are never interrupted half-way. */
static int open_signals(struct control_thread *control) {
  sigset_t mask;
  fill_mask(&mask);
  pthread_sigmask(SIG_BLOCK, &mask, &control->mask_before);
  signal(SIGPIPE, SIG_IGN);
  control->signal_fd = -1;
  if (control->options->only_watches)
    return 0;
  control->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  return control->signal_fd < 0 ? -errno : 0;
}

static void release(struct control_thread *control) {
  thread_join(control->thread);
  event_loop_destroy(control->loop); /* not before: whoever stops or nudges it may still be doing so */
  if (control->signal_fd >= 0)
    close(control->signal_fd);
  pthread_sigmask(SIG_SETMASK, &control->mask_before, NULL);
  sem_destroy(&control->started);
  free(control);
}

struct control_thread *control_thread_start(const struct control_options *options, const struct control_events *events, void *user_data,
                                            char *error, size_t capacity) {
  struct control_thread *control = calloc(1, sizeof *control);
  if (!control) {
    snprintf(error, capacity, "cannot start: out of memory");
    return NULL;
  }
  *control = (struct control_thread){.options = options, .events = events, .user_data = user_data};
  mode_follower_init(&control->follower, options->mode.wish.refresh_mhz);
  sem_init(&control->started, 0, 0);
  int failed = open_signals(control);
  if (!failed) {
    control->thread = thread_create("control", run, control);
    failed = control->thread ? 0 : -EAGAIN;
  }
  if (!failed) {
    while (sem_wait(&control->started) != 0)
      ;
    failed = control->error;
  }
  if (!failed)
    return control;
  if (failed == -EINVAL)
    snprintf(error, capacity, "--region %s is neither server:SOCKET nor a file's path", options->region);
  else
    snprintf(error, capacity, "cannot start the event loop: %s", strerror(-failed));
  release(control);
  return NULL;
}

void control_thread_stop(struct control_thread *control) {
  if (!control)
    return;
  event_loop_stop(control->loop);
  release(control);
}

struct guest_link *control_thread_link(struct control_thread *control) {
  return control->link;
}

void control_thread_window(struct control_thread *control, const struct mode_follower_window *window) {
  atomic_store(&control->window, pack(window));
  event_loop_wake(control->loop);
}

void control_thread_nudge(struct control_thread *control) { event_loop_wake(control->loop); }

void control_thread_set_latency_interval(struct control_thread *control, uint64_t interval_ms) {
  atomic_store(&control->latency_interval_ms, interval_ms);
  event_loop_wake(control->loop);
}
