#include "host/input/input_router.h"

#include <string.h>

bool input_router_is_captured(const struct input_router *router) { return router->capture.state == CAPTURE_CAPTURED; }

static enum input_origin heard(const struct input_router *router) {
  return input_router_is_captured(router) ? router->grabbed : INPUT_ORIGIN_WINDOW;
}

/* ---- to the sink ---- */

static void flush_motion(struct input_router *router) { pointer_motion_flush(&router->motion, router->sink); }

static void key_or_button(struct input_router *router, const struct input_event *event) {
  struct input_sink *sink = router->sink;
  bool down = event->value != 0;
  if (!(down ? pressed_keys_add : pressed_keys_remove)(&router->held, event->page, event->usage))
    return;
  if (event->page == INPUT_PAGE_BUTTON)
    sink->impl->button(sink, (enum input_button)(event->usage - 1), down);
  else
    sink->impl->key(sink, event->page, event->usage, down);
}

/* The click that captures is not the guest's. */
static bool captures_by_click(struct input_router *router, const struct input_event *event) {
  if (!router->options.capture_on_click || !event->value || router->capture.state != CAPTURE_RELEASED)
    return false;
  input_router_step(router, CAPTURE_ASK, INPUT_NOTE_USER, event->time_ns);
  return router->capture.state != CAPTURE_RELEASED;
}

static void to_guest(const struct input_event *event, void *user_data) {
  struct input_router *router = user_data;
  struct input_sink *sink = router->sink;
  if (event->page == INPUT_PAGE_DESKTOP && event->usage == INPUT_USAGE_WHEEL) {
    sink->impl->wheel(sink, event->value, 0);
  } else if (event->page == INPUT_PAGE_CONSUMER && event->usage == INPUT_USAGE_AC_PAN) {
    sink->impl->wheel(sink, 0, event->value);
  } else if (event->page != INPUT_PAGE_BUTTON) {
    key_or_button(router, event);
  } else if (event->usage >= 1 && event->usage <= INPUT_BUTTONS && !captures_by_click(router, event)) {
    key_or_button(router, event);
  }
}

static void to_host(const struct input_event *event, void *user_data) {
  struct input_router *router = user_data;
  router->events->to_host(event, router->user_data);
}

/* Everything that is down in the guest comes up, and nobody's keys are remembered: whoever speaks next begins anew. */
static void release_guest(struct input_router *router) {
  router->motion = (struct pointer_motion){0};
  router->held.count = 0;
  router->sink->impl->reset(router->sink);
  hotkeys_reset(&router->hotkeys);
  host_keys_reset(&router->host_keys, router->now_ns);
}

/* ---- capture ---- */

static bool something_is_down(struct input_router *router) {
  struct input_source *window = router->sources[INPUT_ORIGIN_WINDOW], *devices = router->sources[INPUT_ORIGIN_DEVICES];
  return window->impl->any_down(window) || (devices && devices->impl->any_down(devices));
}

static bool grab_from(struct input_router *router, enum input_origin origin) {
  struct input_source *source = router->sources[origin];
  if (!source || source->impl->grab(source, true) != 0)
    return false;
  router->grabbed = origin;
  return true;
}

/* Host keys can be given back only when they are taken from devices: what a window grabs from its window system comes back to the window.
 * The host may begin to play them in the middle of a capture; what the guest has down by then stays the guest's. When it ends, the devices
 * go too. */
static void reach_host(struct input_router *router) {
  bool may = input_router_is_captured(router) && router->grabbed == INPUT_ORIGIN_DEVICES && router->host_plays_keys;
  if (may && router->held.count == 0)
    router->host_keys.can_reach_host = true;
}

static void take(struct input_router *router) {
  if (!grab_from(router, INPUT_ORIGIN_DEVICES) && !grab_from(router, INPUT_ORIGIN_WINDOW)) {
    input_router_step(router, CAPTURE_REFUSED, INPUT_NOTE_BUSY, router->now_ns);
    return;
  }
  struct input_source *source = router->sources[router->grabbed];
  reach_host(router);
  router->hotkeys.takes_f11 = false;
  if (source->impl->any_down(source)) {
    input_router_step(router, CAPTURE_RACED, router->note, router->now_ns);
    return;
  }
  if (source->impl->set_leds)
    source->impl->set_leds(source, router->leds);
}

static void give_back(struct input_router *router) {
  struct input_source *source = router->sources[router->grabbed];
  router->host_keys.can_reach_host = false;
  router->hotkeys.takes_f11 = true;
  if (source)
    source->impl->grab(source, false);
}

static void look(struct input_router *router) {
  if (router->capture.state == CAPTURE_WAITING && !something_is_down(router))
    input_router_step(router, CAPTURE_KEYS_UP, router->note, router->now_ns);
}

void input_router_step(struct input_router *router, enum capture_event event, enum input_note note, uint64_t now_ns) {
  enum capture_state before = router->capture.state;
  router->now_ns = now_ns;
  uint32_t actions = input_capture_step(&router->capture, event, now_ns);
  bool asked = event == CAPTURE_TOGGLE || event == CAPTURE_ASK, changed = router->capture.state != before;
  bool insisted = event == CAPTURE_RELEASE && (note == INPUT_NOTE_USER || note == INPUT_NOTE_PANIC); /* and wants to see that it worked */
  if (changed || insisted)
    router->note = note;
  else if (asked && before == CAPTURE_RELEASED && router->note != INPUT_NOTE_WATCHES)
    router->note = INPUT_NOTE_DEAF;
  if (actions & CAPTURE_RELEASE_GUEST)
    release_guest(router);
  if (actions & CAPTURE_UNGRAB)
    give_back(router);
  if (actions & CAPTURE_GRAB)
    take(router);
  if (actions & CAPTURE_LOOK)
    look(router);
  if (changed || asked || insisted)
    router->events->changed(router->user_data);
}

/* ---- hotkeys ---- */

static void on_pass(const struct input_event *event, void *user_data) {
  host_keys_event(&((struct input_router *)user_data)->host_keys, event);
}

/* With Ctrl and Alt of our own: the user's fingers are on the toggle. */
static void press_ctrl_alt(struct input_router *router, uint16_t usage) {
  struct input_sink *sink = router->sink;
  const uint16_t usages[] = {0xe0, 0xe2, usage};
  for (unsigned i = 0; i < 3; i++)
    if (!pressed_keys_has(&router->held, INPUT_PAGE_KEYBOARD, usages[i]))
      sink->impl->key(sink, INPUT_PAGE_KEYBOARD, usages[i], true);
  for (unsigned i = 3; i-- > 0;)
    if (!pressed_keys_has(&router->held, INPUT_PAGE_KEYBOARD, usages[i]))
      sink->impl->key(sink, INPUT_PAGE_KEYBOARD, usages[i], false);
}

static void on_hotkey(enum hotkey hotkey, uint64_t time_ns, void *user_data) {
  struct input_router *router = user_data;
  if (hotkey >= HOTKEY_CTRL_ALT_F1) {
    press_ctrl_alt(router, (uint16_t)(0x3a + (hotkey - HOTKEY_CTRL_ALT_F1)));
    return;
  }
  switch (hotkey) {
  case HOTKEY_TOGGLE:
    input_router_step(router, CAPTURE_TOGGLE, INPUT_NOTE_USER, time_ns);
    return;
  case HOTKEY_PANIC:
    input_router_step(router, CAPTURE_RELEASE, INPUT_NOTE_PANIC, time_ns);
    return;
  case HOTKEY_RELEASE:
    input_router_step(router, CAPTURE_RELEASE, INPUT_NOTE_USER, time_ns);
    return;
  case HOTKEY_CTRL_ALT_DEL:
    press_ctrl_alt(router, 0x4c);
    return;
  default:
    router->events->command(hotkey, router->user_data);
    return;
  }
}

static bool has_key(uint16_t usage, void *user_data) {
  const struct input_router *router = user_data;
  struct input_source *source = router->sources[INPUT_ORIGIN_DEVICES];
  source = source ? source : router->sources[INPUT_ORIGIN_WINDOW];
  return source->impl->has_key(source, INPUT_PAGE_KEYBOARD, usage);
}

static void choose_toggle(struct input_router *router) {
  struct toggle_key toggle;
  if (router->options.toggle)
    toggle = *router->options.toggle;
  else
    toggle_key_choose(has_key, router, &toggle);
  hotkeys_set_toggle(&router->hotkeys, &toggle);
}

/* ---- sources ---- */

/* No key of a game controller is a hotkey; nobody waits for its buttons to come up. */
static void from_controller(struct input_router *router, const struct input_event *event) {
  struct input_sink *sink = router->sink;
  if (sink->impl->controller && input_router_is_captured(router))
    sink->impl->controller(sink, event->controller, event->page, event->usage, event->value);
}

static void one_event(struct input_router *router, const struct input_event *event) {
  if (event->controller) {
    from_controller(router, event);
    return;
  }
  if (pointer_motion_is(event)) {
    pointer_motion_add(&router->motion, event, input_router_is_captured(router));
    return;
  }
  flush_motion(router); /* nothing overtakes it */
  hotkeys_event(&router->hotkeys, event);
}

void input_router_report(struct input_router *router, enum input_origin origin, const struct input_event *events, size_t count) {
  for (size_t i = 0; i < count && origin == heard(router); i++) {
    router->now_ns = events[i].time_ns;
    one_event(router, &events[i]);
  }
  flush_motion(router);
  if (router->sink->impl->flush)
    router->sink->impl->flush(router->sink);
  router->reports++;
  reach_host(router);
  look(router);
}

void input_router_init(struct input_router *router, const struct input_router_options *options, struct input_source *window,
                       struct input_sink *sink, const struct input_router_events *events, void *user_data) {
  static const struct hotkeys_events hotkeys_events = {.pass = on_pass, .hotkey = on_hotkey};
  static const struct host_keys_events host_keys_events = {.to_guest = to_guest, .to_host = to_host};
  const struct toggle_key none = {.label = ""};
  *router = (struct input_router){.options = *options, .events = events, .user_data = user_data, .sink = sink};
  router->sources[INPUT_ORIGIN_WINDOW] = window;
  input_capture_init(&router->capture);
  hotkeys_init(&router->hotkeys, &none, &hotkeys_events, router);
  router->hotkeys.takes_f11 = true;
  host_keys_init(&router->host_keys, options->host_keys, &host_keys_events, router);
  choose_toggle(router);
}

void input_router_set_devices(struct input_router *router, struct input_source *devices) {
  bool lost = !devices && input_router_is_captured(router) && router->grabbed == INPUT_ORIGIN_DEVICES;
  if (lost)
    input_router_step(router, CAPTURE_RELEASE, INPUT_NOTE_REVOKED, router->now_ns);
  router->sources[INPUT_ORIGIN_DEVICES] = devices;
  if (router->options.toggle || input_router_is_captured(router))
    return;
  struct toggle_key before = router->hotkeys.toggle;
  choose_toggle(router);
  if (strcmp(before.label, router->hotkeys.toggle.label) != 0)
    input_router_set_note(router, INPUT_NOTE_TOGGLE);
}

void input_router_set_sink(struct input_router *router, struct input_sink *sink, bool ready, uint64_t now_ns) {
  if (sink != router->sink) {
    router->now_ns = now_ns;
    release_guest(router);
    router->sink = sink;
  }
  input_router_step(router, ready ? CAPTURE_HEARING : CAPTURE_DEAF, INPUT_NOTE_DEAF, now_ns);
}

void input_router_set_host(struct input_router *router, bool plays_keys) {
  router->host_plays_keys = plays_keys && router->events->to_host != NULL;
  reach_host(router);
}

void input_router_set_note(struct input_router *router, enum input_note note) {
  router->note = note;
  router->events->changed(router->user_data);
}

void input_router_set_leds(struct input_router *router, uint32_t leds) {
  if (leds == router->leds)
    return;
  router->leds = leds;
  struct input_source *source = router->sources[router->grabbed];
  if (input_router_is_captured(router) && source && source->impl->set_leds)
    source->impl->set_leds(source, leds);
  router->events->changed(router->user_data);
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b) { return !a ? b : !b ? a : a < b ? a : b; }

uint64_t input_router_deadline_ns(const struct input_router *router) {
  return earlier(hotkeys_deadline_ns(&router->hotkeys), input_capture_deadline_ns(&router->capture));
}

void input_router_time(struct input_router *router, uint64_t now_ns) {
  hotkeys_time(&router->hotkeys, now_ns);
  look(router);
  uint64_t late_ns = input_capture_deadline_ns(&router->capture);
  if (late_ns && now_ns >= late_ns)
    input_router_step(router, CAPTURE_LATE, INPUT_NOTE_KEY_STUCK, now_ns);
}
