#include "host/input/input_delivery.h"

struct moves {
  int32_t dx, dy;
  bool is_absolute;
};

static void add_motion(struct input_delivery *delivery, struct moves *moves, const struct input_event *event) {
  const bool is_x = event->usage == INPUT_USAGE_X;
  if (event->absolute) {
    *(is_x ? &delivery->x : &delivery->y) = event->value;
    moves->is_absolute = true;
  } else {
    *(is_x ? &moves->dx : &moves->dy) = event->value;
  }
}

static void deliver_moves(struct input_delivery *delivery, const struct moves *moves) {
  const struct input_sink_impl *impl = delivery->sink->impl;
  if (moves->dx || moves->dy)
    impl->relative(delivery->sink, moves->dx, moves->dy);
  if (moves->is_absolute && impl->absolute)
    impl->absolute(delivery->sink, delivery->x, delivery->y);
}

static bool is_motion(const struct input_event *event) {
  return event->page == INPUT_PAGE_DESKTOP && (event->usage == INPUT_USAGE_X || event->usage == INPUT_USAGE_Y);
}

static void deliver(struct input_sink *sink, const struct input_event *event) {
  if (event->page == INPUT_PAGE_DESKTOP && event->usage == INPUT_USAGE_WHEEL)
    sink->impl->wheel(sink, event->value, 0);
  else if (event->page == INPUT_PAGE_CONSUMER && event->usage == INPUT_USAGE_AC_PAN)
    sink->impl->wheel(sink, 0, event->value);
  else if (event->page != INPUT_PAGE_BUTTON)
    sink->impl->key(sink, event->page, event->usage, event->value);
  else if (event->usage >= 1 && event->usage <= INPUT_BUTTONS)
    sink->impl->button(sink, (enum input_button)(event->usage - 1), event->value);
}

static void deliver_controller(struct input_sink *sink, const struct input_event *event) {
  if (sink->impl->controller)
    sink->impl->controller(sink, event->controller, event->page, event->usage, event->value);
}

/* A report is one moment: motion first, as a click in it is meant for where the pointer is by then. */
void input_delivery_report(struct input_delivery *delivery, const struct input_event *events, size_t count) {
  struct moves moves = {0};
  for (size_t i = 0; i < count; i++)
    if (!events[i].controller && is_motion(&events[i]))
      add_motion(delivery, &moves, &events[i]);
  deliver_moves(delivery, &moves);
  for (size_t i = 0; i < count; i++)
    if (events[i].controller)
      deliver_controller(delivery->sink, &events[i]);
    else if (!is_motion(&events[i]))
      deliver(delivery->sink, &events[i]);
  if (delivery->sink->impl->flush)
    delivery->sink->impl->flush(delivery->sink);
}
