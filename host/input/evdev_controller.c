#include "host/input/evdev_controller.h"

#include <linux/input-event-codes.h>

#define USAGE_HAT 0x39
#define BUTTONS_FIRST 16 /* the rest is BTN_TRIGGER_HAPPY */
#define BUTTONS 32

/* By code; 0 = not carried. */
static const uint16_t axis_usages[EVDEV_AXES] = {
    [ABS_X] = 0x30,  [ABS_Y] = 0x31,   [ABS_Z] = 0x32,     [ABS_RX] = 0x33,       [ABS_RY] = 0x34,
    [ABS_RZ] = 0x35, [ABS_GAS] = 0x35, [ABS_BRAKE] = 0x32, [ABS_THROTTLE] = 0x36, [ABS_RUDDER] = 0x37,
};

/* 0 = none. */
static uint16_t button_of(uint16_t code) {
  if (code >= BTN_TRIGGER_HAPPY && code < BTN_TRIGGER_HAPPY + BUTTONS - BUTTONS_FIRST)
    return (uint16_t)(code - BTN_TRIGGER_HAPPY + BUTTONS_FIRST + 1);
  if (code >= BTN_GAMEPAD && code < BTN_GAMEPAD + BUTTONS_FIRST)
    return (uint16_t)(code - BTN_GAMEPAD + 1);
  if (code >= BTN_JOYSTICK && code < BTN_JOYSTICK + BUTTONS_FIRST)
    return (uint16_t)(code - BTN_JOYSTICK + 1);
  return 0;
}

static struct input_event event_of(const struct evdev_controller *controller, uint16_t page, uint16_t usage, int32_t value,
                                   uint64_t time_ns) {
  return (struct input_event){.page = page,
                              .usage = usage,
                              .absolute = page == INPUT_PAGE_DESKTOP,
                              .controller = controller->number,
                              .value = value,
                              .time_ns = time_ns};
}

static int32_t scale(int32_t value, const struct evdev_range *range) {
  const int64_t span = (int64_t)range->maximum - range->minimum;
  int64_t inside = (int64_t)value - range->minimum;
  inside = inside < 0 ? 0 : inside > span ? span : inside;
  return (int32_t)(inside * (2 * INPUT_CONTROLLER_AXIS_MAX) / span) - INPUT_CONTROLLER_AXIS_MAX;
}

static int8_t sign(int32_t value) { return (int8_t)((value > 0) - (value < 0)); }

static int32_t hat_of(const struct evdev_controller *controller) {
  static const int8_t directions[3][3] = {{7, 0, 1}, {6, EVDEV_CONTROLLER_AT_REST, 2}, {5, 4, 3}}; /* by y and x, from -1 */
  return directions[controller->hat_y + 1][controller->hat_x + 1];
}

/* Some have the cross as four buttons. */
static void turn_hat(struct evdev_controller *controller, const struct evdev_key_change *change) {
  if (change->code == BTN_DPAD_UP || change->code == BTN_DPAD_DOWN)
    controller->hat_y = change->down ? (change->code == BTN_DPAD_UP ? -1 : 1) : 0;
  else if (change->code == BTN_DPAD_LEFT || change->code == BTN_DPAD_RIGHT)
    controller->hat_x = change->down ? (change->code == BTN_DPAD_LEFT ? -1 : 1) : 0;
}

static size_t add_axes(struct evdev_controller *controller, const struct evdev_frame *frame, const struct evdev_range *ranges,
                       uint64_t time_ns, struct input_event *events) {
  size_t count = 0;
  for (unsigned code = 0; code < EVDEV_AXES; code++) {
    if (!(frame->axes_seen >> code & 1))
      continue;
    if (code == ABS_HAT0X)
      controller->hat_x = sign(frame->axes[code]);
    else if (code == ABS_HAT0Y)
      controller->hat_y = sign(frame->axes[code]);
    else if (axis_usages[code] && evdev_range_is_possible(&ranges[code]))
      events[count++] = event_of(controller, INPUT_PAGE_DESKTOP, axis_usages[code], scale(frame->axes[code], &ranges[code]), time_ns);
  }
  return count;
}

size_t evdev_controller_frame(struct evdev_controller *controller, const struct evdev_frame *frame, const struct evdev_range *ranges,
                              uint64_t time_ns, struct input_event events[INPUT_REPORT_EVENTS_MAX]) {
  const int32_t hat_before = hat_of(controller);
  size_t count = add_axes(controller, frame, ranges, time_ns, events);
  for (size_t i = 0; i < frame->key_count; i++) {
    const uint16_t button = button_of(frame->keys[i].code);
    turn_hat(controller, &frame->keys[i]);
    if (button)
      events[count++] = event_of(controller, INPUT_PAGE_BUTTON, button, frame->keys[i].down, time_ns);
  }
  if (hat_of(controller) != hat_before)
    events[count++] = event_of(controller, INPUT_PAGE_DESKTOP, USAGE_HAT, hat_of(controller), time_ns);
  return count;
}

size_t evdev_controller_rest(struct evdev_controller *controller, uint64_t time_ns, struct input_event events[INPUT_REPORT_EVENTS_MAX]) {
  size_t count = 0;
  for (uint16_t usage = 0x30; usage <= 0x35; usage++)
    events[count++] = event_of(controller, INPUT_PAGE_DESKTOP, usage, 0, time_ns);
  controller->hat_x = controller->hat_y = 0;
  events[count++] = event_of(controller, INPUT_PAGE_DESKTOP, USAGE_HAT, EVDEV_CONTROLLER_AT_REST, time_ns);
  return count;
}
