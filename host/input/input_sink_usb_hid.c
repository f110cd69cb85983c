/* Input by a USB keyboard, mouse and absolute pointer that this process plays in the guest: host/usb. What is here joins the sink's seam,
 * the function (what is down, what waits) and the transport. */
#define LOG_MODULE "input"
#include "host/input/input_sink_usb_hid.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/input/input_event.h"
#include "host/usb/usb_hid_function.h"
#include "host/usb/usb_redir_device.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct usb_sink {
  struct input_sink base;
  struct usb_hid_function hid;
  struct usb_redir_device *device;
  struct event_source *idle;
};

static const struct input_sink_impl impl;

static struct usb_sink *usb_sink(struct input_sink *sink) {
  assert(sink->impl == &impl);
  return (struct usb_sink *)sink;
}

static void on_data(uint8_t endpoint, void *user_data) { usb_redir_device_kick(((struct usb_sink *)user_data)->device, endpoint); }

static void on_heard(bool heard, void *user_data) {
  struct usb_sink *sink = user_data;
  if (sink->base.ready)
    sink->base.ready(heard, sink->base.ready_user_data);
}

/* The bits of the LED page's usages 1 to 3 are those of enum input_led. */
static void on_leds(uint8_t led_bits, void *user_data) {
  struct usb_sink *sink = user_data;
  if (sink->base.leds)
    sink->base.leds(led_bits & (INPUT_LED_NUM | INPUT_LED_CAPS | INPUT_LED_SCROLL), sink->base.leds_user_data);
}

static void on_idle_rate(uint64_t interval_ns, void *user_data) {
  event_timer_set(((struct usb_sink *)user_data)->idle, interval_ns, interval_ns);
}

static void on_idle(void *user_data) { usb_hid_function_idle(&((struct usb_sink *)user_data)->hid); }

static void notice_overflow(struct usb_sink *sink) {
  if (!sink->hid.overflowed)
    return;
  sink->hid.overflowed = false;
  log_warning("the guest takes no input; %u changes were thrown away and every key is released", USB_HID_QUEUE_ENTRIES);
}

static void usb_key(struct input_sink *base, uint16_t page, uint16_t usage, bool down) {
  usb_hid_function_key(&usb_sink(base)->hid, page, usage, down);
  notice_overflow(usb_sink(base));
}

static void usb_button(struct input_sink *base, enum input_button button, bool down) {
  assert(button >= 0 && button < INPUT_BUTTONS);
  usb_hid_function_button(&usb_sink(base)->hid, (uint8_t)button, down);
  notice_overflow(usb_sink(base));
}

static void usb_relative(struct input_sink *base, int32_t dx, int32_t dy) { usb_hid_function_relative(&usb_sink(base)->hid, dx, dy); }

static uint16_t clamp_absolute(int32_t value) { return value < 0 ? 0 : value > INPUT_ABSOLUTE_MAX ? INPUT_ABSOLUTE_MAX : (uint16_t)value; }

static void usb_absolute(struct input_sink *base, int32_t x, int32_t y) {
  usb_hid_function_absolute(&usb_sink(base)->hid, clamp_absolute(x), clamp_absolute(y));
}

static void usb_wheel(struct input_sink *base, int32_t vertical, int32_t horizontal) {
  usb_hid_function_wheel(&usb_sink(base)->hid, USB_HID_VERTICAL, vertical);
  usb_hid_function_wheel(&usb_sink(base)->hid, USB_HID_HORIZONTAL, horizontal);
  notice_overflow(usb_sink(base));
}

static void usb_controller(struct input_sink *base, uint8_t number, uint16_t page, uint16_t usage, int32_t value) {
  struct usb_hid_function *hid = &usb_sink(base)->hid;
  if (number == 0)
    return;
  if (page == INPUT_PAGE_BUTTON && usage >= 1 && usage <= USB_HID_GAMEPAD_BUTTONS)
    usb_hid_function_gamepad_button(hid, number - 1, (uint8_t)(usage - 1), value != 0);
  else if (page == INPUT_PAGE_DESKTOP)
    usb_hid_function_gamepad_axis(hid, number - 1, usage, value);
  notice_overflow(usb_sink(base));
}

static void usb_reset(struct input_sink *base) { usb_hid_function_release_all(&usb_sink(base)->hid); }

static void usb_destroy(struct input_sink *base) {
  struct usb_sink *sink = usb_sink(base);
  sink->base.ready = NULL;
  sink->base.leds = NULL;
  usb_reset(base); /* for order's sake: the unplug that follows releases everything */
  usb_redir_device_destroy(sink->device);
  event_source_remove(sink->idle);
  free(sink);
}

static const struct input_sink_impl impl = {
    .name = "usb",
    .key = usb_key,
    .button = usb_button,
    .relative = usb_relative,
    .absolute = usb_absolute,
    .wheel = usb_wheel,
    .reset = usb_reset,
    .destroy = usb_destroy,
    .controller = usb_controller,
};

struct input_sink *input_sink_usb_hid_create(struct event_loop *loop) {
  static const struct usb_hid_events events = {.data = on_data, .heard = on_heard, .leds = on_leds, .idle = on_idle_rate};
  struct usb_sink *sink = calloc(1, sizeof(*sink));
  if (!sink)
    return NULL;
  sink->base.impl = &impl;
  usb_hid_function_init(&sink->hid, &events, sink);
  sink->idle = event_loop_add_timer(loop, on_idle, sink);
  sink->device = sink->idle ? usb_redir_device_create(loop, &sink->hid.description.descriptors, &usb_hid_function_impl, &sink->hid) : NULL;
  if (sink->device)
    return &sink->base;
  event_source_remove(sink->idle);
  free(sink);
  return NULL;
}

bool input_sink_usb_hid_attach(struct input_sink *sink, int connected_socket) {
  return usb_redir_device_attach(usb_sink(sink)->device, connected_socket);
}

bool input_sink_usb_hid_connect(struct input_sink *sink, const char *socket_path) {
  return usb_redir_device_attach_path(usb_sink(sink)->device, socket_path);
}

_Static_assert(INPUT_SINK_USB_HID_CONTROLLERS == USB_HID_GAMEPADS_MAX, "as many as there are game pads");

struct gamepads_change {
  struct usb_hid_function *hid;
  unsigned count;
};

static void change_gamepads(void *user_data) {
  const struct gamepads_change *change = user_data;
  usb_hid_function_set_gamepads(change->hid, change->count);
}

bool input_sink_usb_hid_set_controllers(struct input_sink *base, unsigned count) {
  struct usb_sink *sink = usb_sink(base);
  const unsigned shown = count < USB_HID_GAMEPADS_MAX ? count : USB_HID_GAMEPADS_MAX;
  struct gamepads_change change = {&sink->hid, shown};
  if (shown != sink->hid.description.gamepads)
    usb_redir_device_replug(sink->device, change_gamepads, &change);
  return shown == count;
}

void input_sink_usb_hid_detach(struct input_sink *sink) { usb_redir_device_detach(usb_sink(sink)->device); }
