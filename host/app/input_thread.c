#define LOG_MODULE "input"
#include "host/app/input_thread.h"

#include "common/clock.h"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/thread.h"
#include "host/app/input_devices.h"
#include "host/app/input_mailbox.h"
#include "host/app/watchdog.h"
#include "host/app/window_source.h"
#include "host/event/event_loop.h"
#include "host/link/input_broker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONLY_A_NOTE CAPTURE_EVENTS /* in the mailbox: nothing happened */
#define HINT_NS UINT64_C(2500000000)
/* A film or a game draws more frames than this in ten seconds; a clock or a blinking cursor does not. */
#define AWAKE_NS UINT64_C(10000000000)
#define AWAKE_FRAMES 60u

struct input_thread {
  const struct input_thread_options *options;
  const struct input_thread_events *events;
  void *user_data;
  struct thread *thread;
  sem_t started;
  int error; /* of the start, -errno */
  struct event_loop *loop;
  struct event_source *deadline, *hint, *watch, *idle;
  struct input_mailbox *mailbox;
  struct window_source window;
  struct input_sinks sinks;
  struct input_devices devices;
  struct input_broker *broker; /* NULL: there is no server to ask */
  struct input_router router;
  bool routing;        /* the router is there */
  bool host_keys_said; /* that they go to the guest */
  struct watchdog watchdog;
  char refusal[sizeof((struct input_view *)0)->refusal];
  uint32_t frames_before;
  uint64_t armed_ns; /* the deadline that its timer is set to; 0 = none */

  atomic_uint commands, frames;
  atomic_uint_fast64_t answered_ns, reports;
  atomic_bool focused;
  atomic_bool main_has_captured; /* what the main thread looked at last */
  pthread_mutex_t lock;          /* of `view`; held for a copy only, and not for an event's sake */
  struct input_view view;
};

static void set_deadline(struct input_thread *input) {
  uint64_t due_ns = input_router_deadline_ns(&input->router);
  if (due_ns == input->armed_ns)
    return;
  input->armed_ns = due_ns;
  uint64_t now_ns = clock_monotonic_ns();
  event_timer_set(input->deadline, !due_ns ? 0 : due_ns > now_ns ? due_ns - now_ns : 1, 0);
}

/* ---- what the main thread sees ---- */

static void publish(struct input_thread *input, bool hint, bool awake) {
  const struct input_router *router = &input->router;
  struct input_view view = {.state = router->capture.state,
                            .note = router->note,
                            .grabbed = router->grabbed,
                            .leds = router->leds,
                            .hears = router->capture.hearing,
                            .awake = awake || input_router_is_captured(router),
                            .hint = hint,
                            .sink = router->sink->impl->name};
  memcpy(view.toggle, router->hotkeys.toggle.label, sizeof view.toggle);
  memcpy(view.refusal, input->refusal, sizeof view.refusal);
  pthread_mutex_lock(&input->lock);
  input->view = view;
  pthread_mutex_unlock(&input->lock);
  input->events->changed(input->user_data);
}

static bool is_awake(const struct input_thread *input) {
  return (uint32_t)atomic_load_explicit(&input->frames, memory_order_relaxed) - input->frames_before >= AWAKE_FRAMES;
}

/* Another number of them is another USB device: not in the middle of a game. */
static void show_controllers(struct input_thread *input) {
  if (input->router.capture.state == CAPTURE_RELEASED)
    input_sinks_show_controllers(&input->sinks, input_devices_controllers(&input->devices));
}

/* A hint stays while something is to be waited for. */
static void on_changed(void *user_data) {
  struct input_thread *input = user_data;
  const struct input_router *router = &input->router;
  if (!input->routing)
    return;
  if (input_router_is_captured(router) && !input->watchdog.heard_ns) {
    watchdog_start(&input->watchdog, router->grabbed == INPUT_ORIGIN_WINDOW, clock_monotonic_ns());
    event_timer_set(input->watch, WATCHDOG_ASK_NS, WATCHDOG_ASK_NS);
  }
  event_timer_set(input->hint, HINT_NS, 0);
  show_controllers(input);
  publish(input, true, is_awake(input));
}

static void on_hint(void *user_data) {
  struct input_thread *input = user_data;
  enum capture_state state = input->router.capture.state;
  publish(input, state == CAPTURE_WAITING || state == CAPTURE_SUSPENDED, is_awake(input));
}

static void on_idle(void *user_data) {
  struct input_thread *input = user_data;
  bool awake = is_awake(input), changed = awake != input->view.awake;
  input->frames_before = (uint32_t)atomic_load_explicit(&input->frames, memory_order_relaxed);
  if (changed && !input_router_is_captured(&input->router))
    publish(input, input->view.hint, awake);
}

static void on_command(enum hotkey hotkey, void *user_data) {
  struct input_thread *input = user_data;
  atomic_fetch_or(&input->commands, 1u << hotkey);
  input->events->changed(input->user_data);
}

/* Only lent devices report them, so there is a broker. */
static void on_to_host(const struct input_event *event, void *user_data) {
  struct input_thread *input = user_data;
  if (input->broker)
    input_broker_host_key(input->broker, event->page, event->usage, event->value != 0);
}

/* ---- the main thread hangs ---- */

static void end_the_process(struct input_thread *input) {
  log_error("the window hangs and has keyboard and mouse: ending, so that they are free again");
  input_sinks_finish(&input->sinks);
  _exit(EXIT_STATUS_FAILED);
}

static void on_watch(void *user_data) {
  struct input_thread *input = user_data;
  uint64_t answered_ns = atomic_load(&input->answered_ns);
  bool captured = input_router_is_captured(&input->router);
  if (answered_ns > input->watchdog.heard_ns)
    watchdog_heard(&input->watchdog, answered_ns, captured || atomic_load(&input->main_has_captured));
  if (!input->watchdog.heard_ns) {
    event_timer_set(input->watch, 0, 0);
    return;
  }
  switch (watchdog_look(&input->watchdog, clock_monotonic_ns())) {
  case WATCHDOG_WELL:
    break;
  case WATCHDOG_RELEASE:
    if (captured) {
      log_warning("the window has not answered for 3 s: keyboard and mouse are released");
      input_router_step(&input->router, CAPTURE_RELEASE, INPUT_NOTE_HUNG, clock_monotonic_ns());
    }
    break;
  case WATCHDOG_END:
    end_the_process(input);
  }
  input->events->changed(input->user_data); /* an answer, please */
}

/* ---- events ---- */

static void on_window_report(const struct input_event *events, size_t count, void *user_data) {
  struct input_thread *input = user_data;
  input_router_report(&input->router, INPUT_ORIGIN_WINDOW, events, count);
}

static void on_mail_report(const struct input_event *events, size_t count, void *user_data) {
  struct input_thread *input = user_data;
  window_source_report(&input->window, events, count);
  atomic_fetch_add_explicit(&input->reports, 1, memory_order_relaxed);
}

static void on_mail_step(enum capture_event event, int note, uint64_t time_ns, void *user_data) {
  struct input_thread *input = user_data;
  if (event == CAPTURE_LEAVE)
    window_source_forget(&input->window);
  if (event != ONLY_A_NOTE)
    input_router_step(&input->router, event, (enum input_note)note, time_ns);
  else if (input->router.capture.state == CAPTURE_RELEASED && input->router.capture.focused)
    input_router_set_note(&input->router, (enum input_note)note);
}

static void on_mail_lost(void *user_data) {
  struct input_thread *input = user_data;
  window_source_forget(&input->window);
  input_router_step(&input->router, CAPTURE_LEAVE, INPUT_NOTE_FOCUS, clock_monotonic_ns());
  if (atomic_load(&input->focused)) /* what was lost may have said so */
    input_router_step(&input->router, CAPTURE_FOCUS, INPUT_NOTE_NONE, clock_monotonic_ns());
}

static void on_wake(void *user_data) {
  static const struct input_mailbox_readers readers = {on_mail_report, on_mail_step, on_mail_lost};
  struct input_thread *input = user_data;
  input_mailbox_drain(input->mailbox, &readers, input);
  set_deadline(input);
}

static void on_deadline(void *user_data) {
  struct input_thread *input = user_data;
  input->armed_ns = 0;
  input_router_time(&input->router, clock_monotonic_ns());
  set_deadline(input);
}

static void on_sink(struct input_sink *sink, bool ready, void *user_data) {
  struct input_thread *input = user_data;
  if (!input->routing)
    return; /* the first choice comes before there is a router */
  input_router_set_sink(&input->router, sink, ready, clock_monotonic_ns());
  publish(input, input->view.hint, is_awake(input));
  set_deadline(input);
}

static void on_leds(uint32_t leds, void *user_data) {
  struct input_thread *input = user_data;
  if (input->routing)
    input_router_set_leds(&input->router, leds);
}

/* ---- devices ---- */

static void on_device_report(const struct input_event *events, size_t count, void *user_data) {
  struct input_thread *input = user_data;
  input_router_report(&input->router, INPUT_ORIGIN_DEVICES, events, count);
  atomic_fetch_add_explicit(&input->reports, 1, memory_order_relaxed);
  set_deadline(input);
}

static void on_devices_changed(void *user_data) {
  struct input_thread *input = user_data;
  if (!input->routing)
    return;
  show_controllers(input);
  input_router_set_devices(&input->router, input_devices_source(&input->devices));
  set_deadline(input);
}

/* ---- transom-serve ---- */

static void say_guest_has_host_keys(struct input_thread *input, const char *why) {
  if (!input->host_keys_said && input->options->router.host_keys->count)
    log_info("while keyboards are captured, host keys go to the guest: %s", why);
  input->host_keys_said = true;
}

static void open_own_devices(struct input_thread *input) {
  input_devices_open_own(&input->devices);
  if (input_devices_source(&input->devices))
    say_guest_has_host_keys(input, "the keyboards are not lent by transom-serve, which would play them to the host");
}

static void on_granted(void *user_data) {
  struct input_thread *input = user_data;
  if (input->router.note == INPUT_NOTE_WATCHES)
    input_router_set_note(&input->router, INPUT_NOTE_NONE);
  input_sinks_allow(&input->sinks, true);
}

static void on_refused(const char *why, void *user_data) {
  struct input_thread *input = user_data;
  log_warning("this viewer only watches: %s", why);
  snprintf(input->refusal, sizeof input->refusal, "%s", why);
  input_sinks_allow(&input->sinks, false);
  input_router_set_note(&input->router, INPUT_NOTE_WATCHES);
}

/* Then there is nobody to arbitrate, and nobody behind us either. */
static void on_unreachable(const char *why, void *user_data) {
  struct input_thread *input = user_data;
  log_info("input without a guard: %s", why);
  input_sinks_allow(&input->sinks, true);
  open_own_devices(input);
}

static void on_devices_refused(const char *why, void *user_data) {
  struct input_thread *input = user_data;
  log_info("transom-serve lends no keyboard or mouse: %s", why);
  open_own_devices(input);
}

static void on_device_added(int fd, const struct input_device_info *info, void *user_data) {
  input_devices_add(&((struct input_thread *)user_data)->devices, fd, info);
}

static void on_device_removed(const char *node, void *user_data) {
  input_devices_remove(&((struct input_thread *)user_data)->devices, node);
}

static void on_usb_channel(enum usb_channel which, int socket, void *user_data) {
  struct input_thread *input = user_data;
  if (which == USB_CHANNEL_INPUT)
    input_sinks_plug_usb(&input->sinks, socket);
  else
    close(socket); /* sound has its own owner */
}

static void on_revoked(const char *why, void *user_data) {
  struct input_thread *input = user_data;
  log_warning("keyboard and mouse were taken back: %s", why);
  input_router_step(&input->router, CAPTURE_RELEASE, INPUT_NOTE_REVOKED, clock_monotonic_ns());
  input_router_set_host(&input->router, false);
  input_devices_forget(&input->devices);
  input_sinks_allow(&input->sinks, false);
  set_deadline(input);
}

static void on_host_keys(void *user_data) {
  struct input_thread *input = user_data;
  input_router_set_host(&input->router, true);
  if (input->options->router.host_keys->count)
    log_info("while keyboards are captured, host keys reach the host through transom-serve");
}

static void on_host_keys_refused(const char *why, void *user_data) { say_guest_has_host_keys(user_data, why); }

static int ask_server(struct input_thread *input) {
  static const struct input_broker_events events = {.granted = on_granted,
                                                    .refused = on_refused,
                                                    .unreachable = on_unreachable,
                                                    .devices_refused = on_devices_refused,
                                                    .device_added = on_device_added,
                                                    .device_removed = on_device_removed,
                                                    .usb_channel = on_usb_channel,
                                                    .host_keys = on_host_keys,
                                                    .host_keys_refused = on_host_keys_refused,
                                                    .revoked = on_revoked};
  const struct input_thread_options *options = input->options;
  if (!options->control[0]) {
    input_sinks_allow(&input->sinks, true);
    if (options->sinks.qmp[0] || options->sinks.usb[0])
      open_own_devices(input);
    return 0;
  }
  input->broker = input_broker_create(input->loop, options->control, options->take_input, &events, input);
  input->sinks.broker = input->broker;
  return input->broker ? 0 : -errno;
}

/* ---- start and end ---- */

static int add_timers(struct input_thread *input) {
  input->deadline = event_loop_add_timer(input->loop, on_deadline, input);
  input->hint = event_loop_add_timer(input->loop, on_hint, input);
  input->watch = event_loop_add_timer(input->loop, on_watch, input);
  input->idle = event_loop_add_timer(input->loop, on_idle, input);
  if (!input->deadline || !input->hint || !input->watch || !input->idle)
    return -ENOMEM;
  event_timer_set(input->idle, AWAKE_NS, AWAKE_NS);
  return 0;
}

static int add_sources(struct input_thread *input) {
  static const struct input_source_events window_events = {.report = on_window_report};
  static const struct input_source_events device_events = {.report = on_device_report, .devices_changed = on_devices_changed};
  window_source_init(&input->window);
  input->window.base.events = &window_events;
  input->window.base.user_data = input;
  return input_devices_init(&input->devices, input->loop, input->options->input_devices, &device_events, input) ? 0 : -E2BIG;
}

static int set_up(struct input_thread *input) {
  static const struct input_sinks_events sinks_events = {.chosen = on_sink, .leds = on_leds};
  static const struct input_router_events router_events = {.changed = on_changed, .command = on_command, .to_host = on_to_host};
  input->loop = event_loop_create(EVENT_LOOP_EPOLL); /* one call a turn, and nothing that a policy may forbid */
  if (!input->loop)
    return -errno;
  event_loop_set_wake(input->loop, on_wake, input);
  int error = add_timers(input);
  if (error)
    return error;
  error = add_sources(input);
  if (error)
    return error;
  if (!input_sinks_init(&input->sinks, input->loop, &input->options->sinks, &sinks_events, input))
    return -errno;
  input_router_init(&input->router, &input->options->router, &input->window.base, input->sinks.chosen, &router_events, input);
  input->routing = true;
  return ask_server(input);
}

static void tear_down(struct input_thread *input) {
  if (input->routing) {
    on_wake(input);
    input_router_step(&input->router, CAPTURE_LEAVE, INPUT_NOTE_FOCUS, clock_monotonic_ns());
  }
  input_sinks_finish(&input->sinks); /* before the guard is told that all is released */
  input->routing = false;
  input_devices_finish(&input->devices);
  input_broker_destroy(input->broker);
  event_source_remove(input->deadline);
  event_source_remove(input->hint);
  event_source_remove(input->watch);
  event_source_remove(input->idle);
}

static void run(void *user_data) {
  struct input_thread *input = user_data;
  int error = set_up(input);
  input->error = error;
  sem_post(&input->started);
  if (error == 0) {
    error = event_loop_run(input->loop);
    if (error)
      log_error("waiting for input failed: %s", strerror(-error));
  }
  tear_down(input);
}

static void release(struct input_thread *input) {
  thread_join(input->thread);
  event_loop_destroy(input->loop); /* not before: whoever stops it may still be in event_loop_stop() */
  input_mailbox_destroy(input->mailbox);
  pthread_mutex_destroy(&input->lock);
  sem_destroy(&input->started);
  free(input);
}

struct input_thread *input_thread_start(const struct input_thread_options *options, const struct input_thread_events *events,
                                        void *user_data, char *error, size_t capacity) {
  struct input_thread *input = calloc(1, sizeof *input);
  if (!input) {
    snprintf(error, capacity, "cannot start: out of memory");
    return NULL;
  }
  *input = (struct input_thread){.options = options, .events = events, .user_data = user_data, .mailbox = input_mailbox_create()};
  sem_init(&input->started, 0, 0);
  pthread_mutex_init(&input->lock, NULL);
  if (input->mailbox)
    input->thread = thread_create("input", run, input);
  int failed = input->thread ? 0 : -EAGAIN;
  if (!failed) {
    while (sem_wait(&input->started) != 0)
      ;
    failed = input->error;
  }
  if (!failed)
    return input;
  snprintf(error, capacity, "cannot start the input thread: %s", strerror(-failed));
  release(input);
  return NULL;
}

void input_thread_stop(struct input_thread *input) {
  if (!input)
    return;
  event_loop_stop(input->loop);
  release(input);
}

/* ---- the main thread ---- */

void input_thread_report(struct input_thread *input, const struct input_event *events, size_t count) {
  input_mailbox_report(input->mailbox, events, count);
  event_loop_wake(input->loop);
}

void input_thread_step(struct input_thread *input, enum capture_event event, enum input_note note) {
  if (event == CAPTURE_LEAVE || event == CAPTURE_FOCUS)
    atomic_store(&input->focused, event == CAPTURE_FOCUS);
  input_mailbox_step(input->mailbox, event, (int)note, clock_monotonic_ns());
  event_loop_wake(input->loop);
}

void input_thread_note(struct input_thread *input, enum input_note note) { input_thread_step(input, ONLY_A_NOTE, note); }

void input_thread_frame_shown(struct input_thread *input) { atomic_fetch_add_explicit(&input->frames, 1, memory_order_relaxed); }

uint32_t input_thread_look(struct input_thread *input, struct input_view *view) {
  pthread_mutex_lock(&input->lock);
  *view = input->view;
  pthread_mutex_unlock(&input->lock);
  atomic_store(&input->main_has_captured, view->state == CAPTURE_CAPTURED);
  atomic_store(&input->answered_ns, clock_monotonic_ns());
  return atomic_exchange(&input->commands, 0);
}

uint64_t input_thread_reports(struct input_thread *input) { return atomic_load_explicit(&input->reports, memory_order_relaxed); }
