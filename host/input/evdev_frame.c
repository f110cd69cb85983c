#include "host/input/evdev_frame.h"

#include "host/input/input_sink.h"

#include <assert.h>
#include <string.h>

#include <linux/input-event-codes.h>

_Static_assert(EVDEV_X == ABS_X && EVDEV_Y == ABS_Y && ABS_HAT0Y < EVDEV_AXES && EVDEV_AXES <= 32, "axes are indexed by their code");

#define REPEAT 2 /* value of a key that the kernel repeats; the guest repeats by itself */

bool evdev_frame_is_full(const struct evdev_frame *frame) { return frame->key_count == EVDEV_FRAME_KEYS_MAX; }

void evdev_frame_clear(struct evdev_frame *frame) { memset(frame, 0, sizeof(*frame)); }

static void add_relative(struct evdev_frame *frame, uint16_t code, int32_t value) {
  switch (code) {
  case REL_X:
    frame->motion[EVDEV_X] += value;
    break;
  case REL_Y:
    frame->motion[EVDEV_Y] += value;
    break;
  case REL_WHEEL:
    frame->notches[EVDEV_WHEEL_VERTICAL] += value;
    break;
  case REL_HWHEEL:
    frame->notches[EVDEV_WHEEL_HORIZONTAL] += value;
    break;
  case REL_WHEEL_HI_RES:
    frame->fine[EVDEV_WHEEL_VERTICAL] += value;
    frame->has_fine[EVDEV_WHEEL_VERTICAL] = true;
    break;
  case REL_HWHEEL_HI_RES:
    frame->fine[EVDEV_WHEEL_HORIZONTAL] += value;
    frame->has_fine[EVDEV_WHEEL_HORIZONTAL] = true;
    break;
  default:
    break;
  }
}

static void add_absolute(struct evdev_frame *frame, uint16_t code, int32_t value) {
  if (code >= EVDEV_AXES)
    return;
  frame->axes[code] = value;
  frame->axes_seen |= 1u << code;
}

static void add_key(struct evdev_frame *frame, uint16_t code, int32_t value) {
  assert(!evdev_frame_is_full(frame));
  if (value != REPEAT)
    frame->keys[frame->key_count++] = (struct evdev_key_change){code, value != 0};
}

void evdev_frame_add(struct evdev_frame *frame, uint16_t type, uint16_t code, int32_t value) {
  if (type == EV_KEY)
    add_key(frame, code, value);
  else if (type == EV_REL)
    add_relative(frame, code, value);
  else if (type == EV_ABS)
    add_absolute(frame, code, value);
  else if (type == EV_LED)
    frame->has_leds = true;
}

bool evdev_range_is_possible(const struct evdev_range *range) { return range->minimum < range->maximum; }

static int32_t saturate(int64_t value) { return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value; }

static int32_t scale(int32_t position, const struct evdev_range *range) {
  const int64_t span = (int64_t)range->maximum - range->minimum;
  int64_t inside = (int64_t)position - range->minimum;
  inside = inside < 0 ? 0 : inside > span ? span : inside;
  return (int32_t)((inside * INPUT_ABSOLUTE_MAX + span / 2) / span);
}

size_t evdev_frame_motion(const struct evdev_frame *frame, const struct evdev_range *ranges, uint64_t time_ns,
                          struct input_event events[EVDEV_FRAME_AXES]) {
  static const uint16_t planes[2] = {INPUT_USAGE_X, INPUT_USAGE_Y};
  static const struct {
    uint16_t page, usage;
  } wheels[2] = {{INPUT_PAGE_DESKTOP, INPUT_USAGE_WHEEL}, {INPUT_PAGE_CONSUMER, INPUT_USAGE_AC_PAN}};
  size_t count = 0;
  for (int plane = EVDEV_X; plane <= EVDEV_Y; plane++)
    if (frame->motion[plane])
      events[count++] = (struct input_event){
          .page = INPUT_PAGE_DESKTOP, .usage = planes[plane], .value = saturate(frame->motion[plane]), .time_ns = time_ns};
  for (int plane = EVDEV_X; plane <= EVDEV_Y; plane++)
    if (frame->axes_seen >> plane & 1 && evdev_range_is_possible(&ranges[plane]))
      events[count++] = (struct input_event){.page = INPUT_PAGE_DESKTOP,
                                             .usage = planes[plane],
                                             .absolute = true,
                                             .value = scale(frame->axes[plane], &ranges[plane]),
                                             .time_ns = time_ns};
  for (int wheel = EVDEV_WHEEL_VERTICAL; wheel <= EVDEV_WHEEL_HORIZONTAL; wheel++) {
    const int64_t amount = frame->has_fine[wheel] ? frame->fine[wheel] : frame->notches[wheel] * INPUT_WHEEL_STEP;
    if (amount)
      events[count++] =
          (struct input_event){.page = wheels[wheel].page, .usage = wheels[wheel].usage, .value = saturate(amount), .time_ns = time_ns};
  }
  return count;
}
