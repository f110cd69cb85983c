#include "host/input/pointer_motion.h"

#include "host/input/input_sink.h"

bool pointer_motion_is(const struct input_event *event) {
  return event->controller == 0 && event->page == INPUT_PAGE_DESKTOP && (event->usage == INPUT_USAGE_X || event->usage == INPUT_USAGE_Y);
}

static int32_t sum(int32_t a, int32_t b) {
  int64_t total = (int64_t)a + b;
  return total > INT32_MAX ? INT32_MAX : total < INT32_MIN ? INT32_MIN : (int32_t)total;
}

void pointer_motion_add(struct pointer_motion *motion, const struct input_event *event, bool captured) {
  bool is_x = event->usage == INPUT_USAGE_X;
  if (event->absolute == captured)
    return;
  if (!event->absolute) {
    motion->dx = sum(motion->dx, is_x ? event->value : 0);
    motion->dy = sum(motion->dy, is_x ? 0 : event->value);
    return;
  }
  motion->has_x |= is_x;
  motion->has_y |= !is_x;
  *(is_x ? &motion->x : &motion->y) = event->value;
}

bool pointer_motion_flush(struct pointer_motion *motion, struct input_sink *sink) {
  bool relative = motion->dx || motion->dy, absolute = motion->has_x || motion->has_y;
  if (relative)
    sink->impl->relative(sink, motion->dx, motion->dy);
  if (absolute && sink->impl->absolute)
    sink->impl->absolute(sink, motion->x, motion->y);
  motion->dx = motion->dy = 0;
  motion->has_x = motion->has_y = false; /* x and y stay: a tablet tells only the axis that changed */
  return relative || absolute;
}
