#define LOG_MODULE "loop"
#include "host/app/latency_loop.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/random.h"
#include "host/app/control_socket.h"
#include "host/app/loop_picture.h"
#include "host/event/event_loop.h"
#include "host/link/input_broker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define READY_WITHIN_NS (10000 * MS)
#define BACK_WITHIN_NS (1000 * MS)
#define SETTLE_NS (500 * MS)
#define PAUSE_LEAST_NS (40 * MS)
#define PAUSE_RANGE_NS (100 * MS) /* six periods of a 60 Hz display */
#define LOST_IN_A_ROW_MAX 10u
#define MOVES_AT_REST_MAX 5u /* in SETTLE_NS: more is a card that moves by itself */
/* Right Ctrl: every keyboard has it, and alone it does nothing in a guest. */
#define KEY_PAGE 0x07
#define KEY_USAGE 0xe4

enum state { STARTING, SETTLING, PAUSING, PRESSED, RELEASED };

struct latency_loop {
  struct event_loop *loop;
  const struct latency_loop_options *options;
  struct loop_figures *figures;
  struct loop_picture *picture;
  struct input_sinks sinks;
  struct input_broker *broker; /* NULL = no server to ask */
  struct event_source *timer;
  struct input_sink *sink; /* the one that is ready; NULL = none */
  enum state state;
  bool done;
  uint32_t counter, before; /* the card's: newest, and at the press; 0 = the picture is none */
  bool any_frame;
  unsigned moves, lost_in_a_row;
  uint64_t injected_ns;
  char refusal[96]; /* the server's reason; "" = none */
};

static const char *way_name(const struct latency_loop *self) { return self->options->way == INPUT_SINKS_USB ? "USB" : "QMP"; }

static void enter(struct latency_loop *self, enum state state, uint64_t limit_ns) {
  self->state = state;
  event_timer_set(self->timer, limit_ns, 0);
}

/* ---- trials ---- */

/* A sink that went away in this turn of the loop has let go of everything. */
static void send(struct latency_loop *self, bool down) {
  if (!self->sink)
    return;
  const struct input_sink_impl *impl = self->sink->impl;
  impl->key(self->sink, KEY_PAGE, KEY_USAGE, down);
  if (impl->flush)
    impl->flush(self->sink);
}

static void settle(struct latency_loop *self) {
  self->moves = 0;
  enter(self, SETTLING, SETTLE_NS);
}

static void pause_at_random(struct latency_loop *self) { enter(self, PAUSING, PAUSE_LEAST_NS + random_nonzero64() % PAUSE_RANGE_NS); }

static void press(struct latency_loop *self) {
  enter(self, PRESSED, BACK_WITHIN_NS);
  self->before = self->counter;
  self->injected_ns = clock_raw_ns();
  send(self, true);
}

static void release(struct latency_loop *self) {
  enter(self, RELEASED, BACK_WITHIN_NS);
  send(self, false);
}

static void next_trial(struct latency_loop *self) {
  if (self->figures->trials < self->options->trials) {
    press(self);
    return;
  }
  self->done = true;
  event_loop_stop(self->loop);
}

static void tell_progress(const struct latency_loop *self) {
  if (self->options->progress)
    self->options->progress(self->figures, self->options->user_data);
}

static void lose(struct latency_loop *self) {
  loop_figures_lost(self->figures, self->injected_ns);
  tell_progress(self);
  release(self);
  if (++self->lost_in_a_row < LOST_IN_A_ROW_MAX)
    return;
  log_error("%u presses in a row by %s did not show within 1 s; is this the guest that shows the loop card?", LOST_IN_A_ROW_MAX,
            way_name(self));
  event_loop_stop(self->loop);
}

static void say_not_ready(const struct latency_loop *self) {
  if (!self->sink && self->refusal[0])
    log_error("the VM's input is not to be had: %s", self->refusal);
  else if (!self->sink)
    log_error("the guest does not listen by %s; does its VM have that way? transom-doctor(1) knows", way_name(self));
  else if (!self->any_frame)
    log_error("no frame came: %s", loop_picture_text(self->picture));
  else
    log_error("the guest shows no loop card, or something covers it: run there `transom-agent loop-card` (Windows, beside its agent) or "
              "`transom-agent --source loop-card` (Linux, in its agent's place)");
}

static void rest_is_over(struct latency_loop *self) {
  if (self->moves <= MOVES_AT_REST_MAX) {
    pause_at_random(self);
    return;
  }
  log_error("the guest's loop card moves without a press: nobody may type there or move its mouse meanwhile");
  event_loop_stop(self->loop);
}

static void on_time(void *user_data) {
  struct latency_loop *self = user_data;
  switch (self->state) {
  case STARTING:
    say_not_ready(self);
    event_loop_stop(self->loop);
    break;
  case SETTLING:
    rest_is_over(self);
    break;
  case PAUSING:
    next_trial(self);
    break;
  case PRESSED:
    lose(self);
    break;
  case RELEASED:
    settle(self);
    break;
  }
}

static void start_if_ready(struct latency_loop *self) {
  if (self->state == STARTING && self->sink && self->counter && loop_picture_is_settled(self->picture))
    settle(self);
}

static void measured(struct latency_loop *self, const struct loop_frame *frame) {
  const struct loop_trial trial = {.injected_ns = self->injected_ns,
                                   .seen_ns = frame->seen_ns,
                                   .presented_ns = frame->presented_ns,
                                   .source = frame->source,
                                   .event_ns = frame->event_ns,
                                   .acquired_ns = frame->acquired_ns,
                                   .published_ns = frame->published_ns};
  self->lost_in_a_row = 0;
  if (frame->counter == self->before + 1)
    loop_figures_add(self->figures, &trial);
  else
    loop_figures_disturbed(self->figures, &trial);
  tell_progress(self);
  release(self);
}

static void on_frame(const struct loop_frame *frame, void *user_data) {
  struct latency_loop *self = user_data;
  const bool moved = frame->counter && frame->counter != self->counter;
  self->any_frame = true;
  self->counter = frame->counter;
  self->moves += moved;
  if (moved && self->state == PRESSED)
    measured(self, frame);
  else if (moved && self->state == RELEASED && self->lost_in_a_row == 0)
    pause_at_random(self);
  start_if_ready(self);
}

/* ---- the sink ---- */

static void fail(struct latency_loop *self, const char *what, const char *why) {
  log_error("%s%s", what, why);
  event_loop_stop(self->loop);
}

static void on_sink(struct input_sink *sink, bool ready, void *user_data) {
  struct latency_loop *self = user_data;
  struct input_sink *before = self->sink;
  self->sink = ready ? sink : NULL;
  if (before && self->sink != before && self->state != STARTING)
    fail(self, "the guest stopped listening by ", way_name(self));
  start_if_ready(self);
}

static void on_leds(uint32_t leds, void *user_data) {
  (void)leds;
  (void)user_data;
}

static void on_granted(void *user_data) {
  struct latency_loop *self = user_data;
  self->refusal[0] = 0;
  input_sinks_allow(&self->sinks, true);
}

/* Asked again by itself: a run of ours before this one may not have been noticed to be over. */
static void on_refused(const char *why, void *user_data) {
  struct latency_loop *self = user_data;
  snprintf(self->refusal, sizeof self->refusal, "%s", why);
}

static void on_unreachable(const char *why, void *user_data) {
  log_info("input without a guard: %s", why);
  on_granted(user_data);
}

static void on_usb_channel(enum usb_channel which, int socket, void *user_data) {
  if (which == USB_CHANNEL_INPUT)
    input_sinks_plug_usb(&((struct latency_loop *)user_data)->sinks, socket);
  else
    close(socket);
}

static void on_revoked(const char *why, void *user_data) {
  struct latency_loop *self = user_data;
  input_sinks_allow(&self->sinks, false);
  fail(self, "the VM's input was taken back: ", why);
}

static bool ask_server(struct latency_loop *self, const struct view_settings *settings) {
  static const struct input_broker_events events = {
      .granted = on_granted, .refused = on_refused, .unreachable = on_unreachable, .usb_channel = on_usb_channel, .revoked = on_revoked};
  char control[SETTINGS_PATH_BYTES];
  control_socket_of(settings->region, control);
  if (!control[0]) {
    input_sinks_allow(&self->sinks, true);
    return true;
  }
  self->broker = input_broker_create(self->loop, control, settings->take_input, &events, self);
  self->sinks.broker = self->broker;
  return self->broker != NULL;
}

/* ---- one run ---- */

static void run(struct latency_loop *self, const struct view_settings *settings) {
  static const struct input_sinks_events events = {.chosen = on_sink, .leds = on_leds};
  const struct input_sinks_options options = {.way = self->options->way, .qmp = settings->qmp, .usb = settings->usb};
  if (!input_sinks_init(&self->sinks, self->loop, &options, &events, self)) {
    log_error("cannot send by %s: %s", way_name(self), strerror(errno));
    return;
  }
  if (!ask_server(self, settings)) {
    log_error("cannot ask transom-serve for the VM's input: %s", strerror(errno));
  } else {
    const int status = event_loop_run(self->loop);
    if (status)
      log_error("waiting for events failed: %s", strerror(-status));
  }
  event_timer_set(self->timer, 0, 0);
  self->state = STARTING;           /* what the sinks say while they end is no failure */
  input_sinks_finish(&self->sinks); /* the key comes up, before the guard is told that all is */
  input_broker_destroy(self->broker);
}

bool latency_loop_run(struct event_loop *loop, const struct view_settings *settings, const struct latency_loop_options *options,
                      struct loop_figures *figures) {
  struct latency_loop self = {.loop = loop, .options = options, .figures = figures};
  loop_figures_init(figures, options->way == INPUT_SINKS_USB ? "usb" : "qmp");
  self.picture = loop_picture_create(loop, settings, on_frame, &self);
  figures->presenter = self.picture ? loop_picture_presenter(self.picture) : "none";
  self.timer = self.picture ? event_loop_add_timer(loop, on_time, &self) : NULL;
  if (self.timer) {
    enter(&self, STARTING, READY_WITHIN_NS);
    run(&self, settings);
  }
  event_source_remove(self.timer);
  loop_picture_destroy(self.picture);
  return self.done;
}
