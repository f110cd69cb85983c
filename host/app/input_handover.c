#include "host/app/input_handover.h"

#include <stdatomic.h>
#include <stdlib.h>

#define HANDOVER_EVENTS 1024u /* a power of two: a second of a fast mouse while the other thread is held up */

enum handover_kind { HANDOVER_KEY, HANDOVER_BUTTON, HANDOVER_RELATIVE, HANDOVER_ABSOLUTE, HANDOVER_WHEEL, HANDOVER_RESET };

struct handover_event {
  uint8_t kind; /* enum handover_kind */
  bool down;
  uint16_t page;
  int32_t a, b;
};

struct input_handover {
  struct input_sink base; /* first: the producer's view */
  struct input_sink *sink;
  void (*wake)(void *user_data);
  void *wake_user_data;
  atomic_bool overflowed;
  _Alignas(64) atomic_uint produced; /* free-running */
  _Alignas(64) atomic_uint consumed;
  struct handover_event events[HANDOVER_EVENTS];
};

static void push(struct input_sink *base, struct handover_event event) {
  struct input_handover *handover = (struct input_handover *)base;
  unsigned produced = atomic_load_explicit(&handover->produced, memory_order_relaxed);
  /* Pairs with the release in input_handover_drain(): the place is free. */
  if (produced - atomic_load_explicit(&handover->consumed, memory_order_acquire) >= HANDOVER_EVENTS) {
    atomic_store(&handover->overflowed, true);
  } else {
    handover->events[produced % HANDOVER_EVENTS] = event;
    /* Pairs with the acquire in input_handover_drain(): the event is whole. */
    atomic_store_explicit(&handover->produced, produced + 1, memory_order_release);
  }
  handover->wake(handover->wake_user_data);
}

static void key(struct input_sink *sink, uint16_t page, uint16_t usage, bool down) {
  push(sink, (struct handover_event){.kind = HANDOVER_KEY, .down = down, .page = page, .a = usage});
}

static void button(struct input_sink *sink, enum input_button which, bool down) {
  push(sink, (struct handover_event){.kind = HANDOVER_BUTTON, .down = down, .a = (int32_t)which});
}

static void relative(struct input_sink *sink, int32_t dx, int32_t dy) {
  push(sink, (struct handover_event){.kind = HANDOVER_RELATIVE, .a = dx, .b = dy});
}

static void absolute(struct input_sink *sink, int32_t x, int32_t y) {
  push(sink, (struct handover_event){.kind = HANDOVER_ABSOLUTE, .a = x, .b = y});
}

static void wheel(struct input_sink *sink, int32_t vertical, int32_t horizontal) {
  push(sink, (struct handover_event){.kind = HANDOVER_WHEEL, .a = vertical, .b = horizontal});
}

static void reset(struct input_sink *sink) { push(sink, (struct handover_event){.kind = HANDOVER_RESET}); }

static void destroy(struct input_sink *sink) { input_handover_destroy((struct input_handover *)sink); }

static const struct input_sink_impl impl = {
    .name = "handover",
    .key = key,
    .button = button,
    .relative = relative,
    .absolute = absolute,
    .wheel = wheel,
    .reset = reset,
    .destroy = destroy,
};

struct input_handover *input_handover_create(struct input_sink *sink, void (*wake)(void *user_data), void *user_data) {
  struct input_handover *handover = aligned_alloc(64, (sizeof *handover + 63) / 64 * 64);
  if (!handover)
    return NULL;
  *handover = (struct input_handover){.base = {.impl = &impl}, .sink = sink, .wake = wake, .wake_user_data = user_data};
  return handover;
}

void input_handover_destroy(struct input_handover *handover) { free(handover); }

struct input_sink *input_handover_sink(struct input_handover *handover) {
  return &handover->base;
}

static void deliver(struct input_sink *sink, const struct handover_event *event) {
  switch ((enum handover_kind)event->kind) {
  case HANDOVER_KEY:
    sink->impl->key(sink, event->page, (uint16_t)event->a, event->down);
    return;
  case HANDOVER_BUTTON:
    sink->impl->button(sink, (enum input_button)event->a, event->down);
    return;
  case HANDOVER_RELATIVE:
    sink->impl->relative(sink, event->a, event->b);
    return;
  case HANDOVER_ABSOLUTE:
    if (sink->impl->absolute)
      sink->impl->absolute(sink, event->a, event->b);
    return;
  case HANDOVER_WHEEL:
    sink->impl->wheel(sink, event->a, event->b);
    return;
  case HANDOVER_RESET:
    sink->impl->reset(sink);
    return;
  }
}

void input_handover_drain(struct input_handover *handover) {
  unsigned consumed = atomic_load_explicit(&handover->consumed, memory_order_relaxed);
  bool overflowed = atomic_exchange(&handover->overflowed, false); /* before the queue: what was lost came after what waits in it */
  /* Pairs with the release in push(). */
  unsigned produced = atomic_load_explicit(&handover->produced, memory_order_acquire);
  for (; consumed != produced; consumed++)
    deliver(handover->sink, &handover->events[consumed % HANDOVER_EVENTS]);
  /* Pairs with the acquire in push(): these places are free again. */
  atomic_store_explicit(&handover->consumed, consumed, memory_order_release);
  if (overflowed)
    handover->sink->impl->reset(handover->sink);
}
