/* Input by QMP's input-send-event: works with every VM, through the keyboard and pointer devices that QEMU emulates. Everything happens on
 * the event loop's thread; whoever has input on another one hands it over first.
 *
 * What the guest has down is known by `maybe_down`: a press enters it when sent, a release leaves it when QEMU has answered it. Whatever
 * stays in there through a lost connection, a paused VM or an overflow is released before anything new is sent; a release too many is
 * harmless. Nothing is queued while the guest cannot hear: what was typed then must not arrive later. QMP does not tell the LEDs. */
#define LOG_MODULE "input"
#include "host/input/input_sink.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/input/input_queue.h"
#include "host/input/qmp_input_command.h"
#include "host/vm/qmp_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOTION_INTERVAL_NS UINT64_C(4000000) /* 250 Hz: QEMU 7.2 takes about 1300 commands a second in all */
#define IN_FLIGHT_MAX 8u                     /* QEMU's monitor reads no further than 8 commands ahead */
#define PAGE_BUTTON 0x09
#define LAST_WORDS_MS 250 /* destroy waits so long for QEMU to take the releases */

struct sent {
  int control; /* -1: motion or wheel */
  bool down;
};

struct qmp_sink {
  struct input_sink base;
  struct qmp_client *client;
  const struct input_sink_qmp_guard *guard; /* NULL: none */
  void *guard_user_data;
  struct event_source *pace;
  struct input_queue queue;
  struct sent in_flight[IN_FLIGHT_MAX]; /* replies come in the order of commands */
  unsigned in_flight_first, in_flight_count;
  struct input_control_set maybe_down;
  struct input_control_set to_release; /* part of maybe_down whose release is still to be sent */
  bool accepting;                      /* connected to a VM that runs */
  bool pacing;                         /* motion has just been sent; more of it waits for the timer */
  bool has_absolute;
  bool asking, ask_again;              /* a query-status is under way */
  bool said_no_absolute, said_refused; /* once a connection */
};

static struct qmp_sink *qmp_sink(struct input_sink *sink) { return (struct qmp_sink *)sink; }

static void ask(struct qmp_sink *sink);
static void pump(struct qmp_sink *sink);

/* True: it was otherwise before. What was queued in the other state is gone. */
static bool set_accepting(struct qmp_sink *sink, bool accepting) {
  const bool changed = accepting != sink->accepting;
  if (changed)
    input_queue_clear(&sink->queue);
  sink->accepting = accepting;
  if (changed && sink->base.ready)
    sink->base.ready(accepting, sink->base.ready_user_data);
  return changed;
}

static void on_status(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)error;
  struct qmp_sink *sink = user_data;
  sink->asking = false;
  if (status)
    return;
  if (sink->ask_again) {
    ask(sink);
    return;
  }
  const char *state = qmp_value_string(qmp_value_member(result, "status"));
  const bool is_suspended = state && strcmp(state, "suspended") == 0; /* a key wakes it */
  const bool accepting = is_suspended || qmp_value_is_true(qmp_value_member(result, "running"));
  if (set_accepting(sink, accepting) && accepting)
    sink->to_release = sink->maybe_down;
  pump(sink);
}

static void on_mice(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)error;
  struct qmp_sink *sink = user_data;
  if (status)
    return;
  sink->has_absolute = false;
  for (const struct qmp_value *mouse = qmp_value_first(result); mouse; mouse = qmp_value_next(mouse))
    sink->has_absolute |= qmp_value_is_true(qmp_value_member(mouse, "absolute"));
}

/* The pointers first, so that the first motion after the status knows about them. */
static void ask(struct qmp_sink *sink) {
  sink->ask_again = sink->asking;
  if (sink->asking)
    return;
  qmp_client_execute(sink->client, "query-mice", NULL, on_mice, sink);
  sink->asking = qmp_client_execute(sink->client, "query-status", NULL, on_status, sink) == 0;
}

/* What the guest may have down, here and where the guard can read it. */
static void note_down(struct qmp_sink *sink, int control, bool down) {
  input_control_set_put(&sink->maybe_down, control, down);
  if (!sink->guard)
    return;
  const bool is_button = control >= INPUT_CONTROL_BUTTONS;
  const struct keymap_entry *key = is_button ? NULL : keymap_at((size_t)control);
  const uint16_t usage = is_button ? (uint16_t)(control - INPUT_CONTROL_BUTTONS + 1) : key->usage;
  sink->guard->mark(is_button ? PAGE_BUTTON : key->page, usage, down, sink->guard_user_data);
}

static void tell_guard(struct qmp_sink *sink, int socket) {
  if (sink->guard)
    sink->guard->connected(socket, sink->guard_user_data);
}

static bool is_in_flight(const struct qmp_sink *sink, int control) {
  for (unsigned i = 0; i < sink->in_flight_count; i++)
    if (sink->in_flight[(sink->in_flight_first + i) % IN_FLIGHT_MAX].control == control)
      return true;
  return false;
}

static void on_sent(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)result;
  struct qmp_sink *sink = user_data;
  if (status == -EPIPE)
    return; /* on_lost() follows */
  const struct sent sent = sink->in_flight[sink->in_flight_first];
  sink->in_flight_first = (sink->in_flight_first + 1) % IN_FLIGHT_MAX;
  sink->in_flight_count--;
  if (status == 0 && sent.control >= 0 && !sent.down && !is_in_flight(sink, sent.control))
    note_down(sink, sent.control, false);
  if (status && !sink->said_refused) {
    sink->said_refused = true;
    log_warning("QEMU refuses input: %s", error);
  }
  if (status)
    ask(sink); /* paused? then wait for RESUME */
  pump(sink);
}

static void warn_no_absolute(struct qmp_sink *sink) {
  if (!sink->said_no_absolute)
    log_warning("the guest has no absolute pointer, so the mouse works only while captured; add a usb-tablet to the VM");
  sink->said_no_absolute = true;
}

static void send_entry(struct qmp_sink *sink, const struct input_entry *entry) {
  char text[QMP_INPUT_COMMAND_BYTES];
  if (entry->has_absolute && !sink->has_absolute)
    warn_no_absolute(sink);
  if (qmp_input_command_format(text, entry, sink->has_absolute) == 0)
    return;
  const int control = entry->kind == INPUT_ENTRY_CONTROL ? entry->control : -1;
  if (control >= 0 && entry->down)
    note_down(sink, control, true);
  const int status = qmp_client_execute(sink->client, "input-send-event", text, on_sent, sink);
  assert(status == 0); /* ready, and IN_FLIGHT_MAX commands and two questions are fewer than QMP_PENDING_MAX */
  if (status)
    return;
  sink->in_flight[(sink->in_flight_first + sink->in_flight_count) % IN_FLIGHT_MAX] = (struct sent){control, entry->down};
  sink->in_flight_count++;
  if (entry->dx || entry->dy || entry->has_absolute) {
    sink->pacing = true;
    event_timer_set(sink->pace, MOTION_INTERVAL_NS, 0);
  }
}

/* After an overflow the guest holds keys that nobody holds any more. */
static void notice_overflow(struct qmp_sink *sink) {
  if (!sink->queue.overflowed)
    return;
  sink->queue.overflowed = false;
  log_warning("QEMU takes no input; %u changes were thrown away and every key is released", INPUT_QUEUE_ENTRIES);
  sink->to_release = sink->maybe_down;
}

static bool next_entry(struct qmp_sink *sink, struct input_entry *entry) {
  notice_overflow(sink);
  const int control = input_control_set_first(&sink->to_release);
  if (control >= 0) {
    input_control_set_put(&sink->to_release, control, false);
    *entry = (struct input_entry){.kind = INPUT_ENTRY_CONTROL, .control = control};
    return true;
  }
  return input_queue_take(&sink->queue, !sink->pacing, entry);
}

/* Sends what may be sent now: first the releases that are owed, then the queue. */
static void pump(struct qmp_sink *sink) {
  struct input_entry entry;
  while (qmp_client_is_ready(sink->client) && sink->in_flight_count < IN_FLIGHT_MAX && next_entry(sink, &entry))
    send_entry(sink, &entry);
}

static void on_pace(void *user_data) {
  struct qmp_sink *sink = user_data;
  sink->pacing = false;
  pump(sink);
}

static void on_ready(void *user_data) {
  struct qmp_sink *sink = user_data;
  sink->said_no_absolute = sink->said_refused = false;
  tell_guard(sink, qmp_client_socket(sink->client));
  ask(sink);
}

static void on_lost(void *user_data) {
  struct qmp_sink *sink = user_data;
  sink->in_flight_first = sink->in_flight_count = 0;
  sink->has_absolute = sink->ask_again = false;
  set_accepting(sink, false);
  tell_guard(sink, -1);
}

static void on_event(const char *name, const struct qmp_value *data, void *user_data) {
  (void)data;
  struct qmp_sink *sink = user_data;
  if (strcmp(name, "STOP") == 0)
    set_accepting(sink, false);
  else if (strcmp(name, "RESUME") == 0 || strcmp(name, "RESET") == 0)
    ask(sink);
}

static void qmp_key(struct input_sink *base, uint16_t page, uint16_t usage, bool down) {
  struct qmp_sink *sink = qmp_sink(base);
  const int control = keymap_find(page, usage);
  if (control < 0 || !sink->accepting)
    return;
  input_queue_control(&sink->queue, control, down);
  pump(sink);
}

static void qmp_button(struct input_sink *base, enum input_button button, bool down) {
  struct qmp_sink *sink = qmp_sink(base);
  assert(button >= 0 && button < INPUT_BUTTONS);
  if (button >= QMP_INPUT_BUTTONS)
    return; /* QEMU has no name for it */
  if (!sink->accepting)
    return;
  input_queue_control(&sink->queue, INPUT_CONTROL_BUTTONS + (int)button, down);
  pump(sink);
}

static void qmp_relative(struct input_sink *base, int32_t dx, int32_t dy) {
  struct qmp_sink *sink = qmp_sink(base);
  if (!sink->accepting)
    return;
  input_queue_relative(&sink->queue, dx, dy);
  pump(sink);
}

static void qmp_absolute(struct input_sink *base, int32_t x, int32_t y) {
  struct qmp_sink *sink = qmp_sink(base);
  if (!sink->accepting)
    return;
  input_queue_absolute(&sink->queue, x, y);
  pump(sink);
}

static void qmp_wheel(struct input_sink *base, int32_t vertical, int32_t horizontal) {
  struct qmp_sink *sink = qmp_sink(base);
  if (!sink->accepting)
    return;
  input_queue_wheel(&sink->queue, INPUT_AXIS_VERTICAL, vertical);
  input_queue_wheel(&sink->queue, INPUT_AXIS_HORIZONTAL, horizontal);
  pump(sink);
}

static void qmp_reset(struct input_sink *base) {
  struct qmp_sink *sink = qmp_sink(base);
  if (!sink->accepting)
    return;
  input_queue_release_all(&sink->queue);
  pump(sink);
}

static void free_sink(struct qmp_sink *sink) {
  qmp_client_destroy(sink->client);
  event_source_remove(sink->pace);
  free(sink);
}

/* QEMU forgets commands that it has read but not run when their sender hangs up, so the releases are waited for. */
static void qmp_destroy(struct input_sink *base) {
  struct qmp_sink *sink = qmp_sink(base);
  qmp_reset(base);
  qmp_client_drain(sink->client, LAST_WORDS_MS);
  tell_guard(sink, -1);
  free_sink(sink);
}

static const struct input_sink_impl impl = {
    .name = "qmp",
    .key = qmp_key,
    .button = qmp_button,
    .relative = qmp_relative,
    .absolute = qmp_absolute,
    .wheel = qmp_wheel,
    .reset = qmp_reset,
    .destroy = qmp_destroy,
};

struct input_sink *input_sink_qmp_create(struct event_loop *loop, const char *socket_path) {
  static const struct qmp_client_events events = {.ready = on_ready, .lost = on_lost, .event = on_event};
  struct qmp_sink *sink = calloc(1, sizeof(*sink));
  if (!sink)
    return NULL;
  sink->base.impl = &impl;
  sink->pace = event_loop_add_timer(loop, on_pace, sink);
  sink->client = sink->pace ? qmp_client_create(loop, socket_path, &events, sink) : NULL;
  if (!sink->client) {
    free_sink(sink);
    return NULL;
  }
  return &sink->base;
}

void input_sink_qmp_set_guard(struct input_sink *base, const struct input_sink_qmp_guard *guard, void *user_data) {
  struct qmp_sink *sink = qmp_sink(base);
  assert(base->impl == &impl);
  sink->guard = guard;
  sink->guard_user_data = user_data;
  if (sink->accepting)
    tell_guard(sink, qmp_client_socket(sink->client));
}
