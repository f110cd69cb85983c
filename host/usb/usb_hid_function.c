#include "host/usb/usb_hid_function.h"

#include "host/usb/usb_hid_requests.h"

#include <assert.h>
#include <string.h>

#define PAGE_KEYBOARD 0x07
#define ENTRY_MASK (USB_HID_QUEUE_ENTRIES - 1)

_Static_assert((USB_HID_QUEUE_ENTRIES & ENTRY_MASK) == 0, "indices run free and are masked");

static const struct usb_hid_keys no_keys;

static enum usb_hid_interface interface_of(uint8_t endpoint) {
  assert(endpoint >= USB_HID_ENDPOINT(0) && endpoint < USB_HID_ENDPOINT(USB_HID_INTERFACES));
  return (enum usb_hid_interface)(endpoint - USB_HID_ENDPOINT(0));
}

/* Which interface keys go to. */
static enum usb_hid_interface keyboard_of(const struct usb_hid_function *hid) {
  return hid->boot_protocol ? USB_HID_BOOT_KEYBOARD : USB_HID_KEYS;
}

static void tell_data(struct usb_hid_function *hid, enum usb_hid_interface interface) {
  if (hid->listening[interface])
    hid->events->data(USB_HID_ENDPOINT(interface), hid->user_data);
}

static void tell_heard(struct usb_hid_function *hid) {
  const bool heard = hid->listening[keyboard_of(hid)];
  if (hid->heard == heard)
    return;
  hid->heard = heard;
  hid->events->heard(heard, hid->user_data);
}

/* --- keys --- */

static uint8_t ids_that_differ(const struct usb_hid_keys *a, const struct usb_hid_keys *b) {
  const bool bitmap = a->modifiers != b->modifiers || memcmp(a->bitmap, b->bitmap, sizeof(a->bitmap)) != 0;
  const bool consumer = memcmp(a->consumer, b->consumer, sizeof(a->consumer)) != 0;
  return (uint8_t)(bitmap << USB_HID_ID_BITMAP | consumer << USB_HID_ID_CONSUMER | (a->system != b->system) << USB_HID_ID_SYSTEM);
}

/* What waits is thrown away, and the guest is told that nothing is down as soon as it listens. */
static void drop_keys(struct usb_hid_function *hid) {
  const uint8_t held = ids_that_differ(&hid->told_keys, &no_keys);
  hid->keys_due |= held;
  hid->boot_due |= (held >> USB_HID_ID_BITMAP & 1) && hid->boot_protocol;
  hid->wanted_keys = hid->told_keys = no_keys;
  hid->keys_count = 0;
}

static void drop_pointer(struct usb_hid_function *hid) {
  hid->mouse_due |= hid->told_buttons != 0;
  hid->wanted_buttons = hid->told_buttons = 0;
  hid->pointer_count = 0;
  memset(hid->wheel_rest, 0, sizeof(hid->wheel_rest));
}

static void append_key(struct usb_hid_function *hid, struct usb_hid_key_change change) {
  if (hid->keys_count == USB_HID_QUEUE_ENTRIES) {
    drop_keys(hid);
    hid->overflowed = true;
  } else {
    hid->keys[(hid->keys_first + hid->keys_count++) & ENTRY_MASK] = change;
  }
  tell_data(hid, keyboard_of(hid));
}

void usb_hid_function_key(struct usb_hid_function *hid, uint16_t page, uint16_t usage, bool down) {
  if (hid->heard && usb_hid_keys_set(&hid->wanted_keys, page, usage, down))
    append_key(hid, (struct usb_hid_key_change){.down = down, .page = page, .usage = usage});
}

/* Applies the next change. True: there was one; `keys_due` says what it changed. */
static bool take_key(struct usb_hid_function *hid) {
  if (hid->keys_count == 0)
    return false;
  const struct usb_hid_key_change change = hid->keys[hid->keys_first++ & ENTRY_MASK];
  hid->keys_count--;
  const struct usb_hid_keys before = hid->told_keys;
  if (change.release_all)
    hid->told_keys = no_keys;
  else
    usb_hid_keys_set(&hid->told_keys, change.page, change.usage, change.down);
  hid->keys_due |= ids_that_differ(&before, &hid->told_keys);
  return true;
}

static size_t boot_in(struct usb_hid_function *hid, uint8_t *data) {
  while (hid->boot_protocol && !hid->boot_due && take_key(hid)) {
    hid->boot_due = hid->keys_due >> USB_HID_ID_BITMAP & 1;
    hid->keys_due = 0; /* firmware knows no other keys */
  }
  if (!hid->boot_due)
    return 0;
  hid->boot_due = false;
  return usb_hid_boot_report(hid->boot_protocol ? &hid->told_keys : &no_keys, data);
}

static size_t keys_in(struct usb_hid_function *hid, uint8_t *data) {
  while (!hid->boot_protocol && !hid->keys_due && take_key(hid))
    ;
  for (uint8_t id = USB_HID_ID_BITMAP; id <= USB_HID_ID_SYSTEM; id++) {
    if (!(hid->keys_due >> id & 1))
      continue;
    hid->keys_due &= (uint8_t) ~(1u << id);
    return usb_hid_keys_report(hid->boot_protocol ? &no_keys : &hid->told_keys, id, data);
  }
  return 0;
}

/* --- pointer --- */

static struct usb_hid_pointer_change *last_pointer(struct usb_hid_function *hid) {
  return hid->pointer_count ? &hid->pointer[(hid->pointer_first + hid->pointer_count - 1) & ENTRY_MASK] : NULL;
}

/* A new entry, or NULL where there is no room. */
static struct usb_hid_pointer_change *append_pointer(struct usb_hid_function *hid) {
  if (hid->pointer_count == USB_HID_QUEUE_ENTRIES)
    return NULL;
  hid->pointer_count++;
  struct usb_hid_pointer_change *entry = last_pointer(hid);
  *entry = (struct usb_hid_pointer_change){.kind = USB_HID_MOTION};
  return entry;
}

/* The entry that a change completes: the motion at the end of the queue, or a new one. NULL: thrown away, everything released. */
static struct usb_hid_pointer_change *open_change(struct usb_hid_function *hid) {
  struct usb_hid_pointer_change *entry = last_pointer(hid);
  if (!entry || entry->kind != USB_HID_MOTION)
    entry = append_pointer(hid);
  if (entry)
    return entry;
  drop_pointer(hid);
  hid->overflowed = true;
  tell_data(hid, USB_HID_POINTER);
  return NULL;
}

void usb_hid_function_button(struct usb_hid_function *hid, uint8_t button, bool down) {
  assert(button < 16);
  const uint16_t bit = (uint16_t)(1u << button);
  if (!hid->listening[USB_HID_POINTER] || ((hid->wanted_buttons & bit) != 0) == down)
    return;
  struct usb_hid_pointer_change *entry = open_change(hid);
  if (!entry)
    return;
  hid->wanted_buttons ^= bit;
  entry->kind = USB_HID_BUTTON;
  entry->button = button;
  entry->down = down;
  tell_data(hid, USB_HID_POINTER);
}

static int32_t add_saturated(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

void usb_hid_function_relative(struct usb_hid_function *hid, int32_t dx, int32_t dy) {
  if (!hid->listening[USB_HID_POINTER])
    return;
  struct usb_hid_pointer_change *entry = last_pointer(hid);
  if (!entry || entry->kind != USB_HID_MOTION || entry->has_absolute)
    entry = append_pointer(hid);
  if (!entry)
    return;
  entry->dx = add_saturated(entry->dx, dx);
  entry->dy = add_saturated(entry->dy, dy);
  tell_data(hid, USB_HID_POINTER);
}

void usb_hid_function_absolute(struct usb_hid_function *hid, uint16_t x, uint16_t y) {
  if (!hid->listening[USB_HID_POINTER])
    return;
  struct usb_hid_pointer_change *entry = last_pointer(hid);
  if (!entry || entry->kind != USB_HID_MOTION)
    entry = append_pointer(hid);
  if (!entry)
    return;
  entry->has_absolute = true;
  entry->x = x;
  entry->y = y;
  tell_data(hid, USB_HID_POINTER);
}

void usb_hid_function_wheel(struct usb_hid_function *hid, enum usb_hid_wheel wheel, int32_t amount) {
  if (!hid->listening[USB_HID_POINTER] || amount == 0)
    return;
  struct usb_hid_pointer_change *entry = last_pointer(hid);
  if (!entry || entry->kind != USB_HID_WHEEL || entry->wheel != wheel || (entry->amount > 0) != (amount > 0)) {
    entry = open_change(hid);
    if (!entry)
      return;
    entry->kind = USB_HID_WHEEL;
    entry->wheel = wheel;
  }
  entry->amount = add_saturated(entry->amount, amount);
  tell_data(hid, USB_HID_POINTER);
}

static int16_t take_part(int32_t *rest) {
  const int32_t most = USB_HID_MOTION_MAX;
  const int32_t part = *rest > most ? most : *rest < -most ? -most : *rest;
  *rest -= part;
  return (int16_t)part;
}

/* In the unit that the guest chose. What is short of a notch waits for more. */
static int16_t take_wheel(struct usb_hid_function *hid, struct usb_hid_pointer_change *entry) {
  if (hid->multiplied[entry->wheel])
    return take_part(&entry->amount);
  int32_t *rest = &hid->wheel_rest[entry->wheel];
  *rest = add_saturated(*rest, entry->amount);
  entry->amount = 0;
  int32_t notches = *rest / USB_HID_WHEEL_RESOLUTION;
  *rest %= USB_HID_WHEEL_RESOLUTION;
  const int16_t part = take_part(&notches);
  entry->amount = notches * USB_HID_WHEEL_RESOLUTION;
  return part;
}

/* The change at the end of an entry, once the motion before it fits into the same report. */
static void apply_change(struct usb_hid_function *hid, struct usb_hid_pointer_change *entry, struct usb_hid_mouse *mouse) {
  const uint16_t bit = (uint16_t)(1u << entry->button);
  if (entry->kind == USB_HID_BUTTON)
    hid->told_buttons = entry->down ? hid->told_buttons | bit : hid->told_buttons & (uint16_t)~bit;
  else if (entry->kind == USB_HID_RELEASE)
    hid->told_buttons = 0;
  else if (entry->kind == USB_HID_WHEEL)
    *(entry->wheel == USB_HID_VERTICAL ? &mouse->wheel : &mouse->pan) = take_wheel(hid, entry);
}

static void pop_pointer(struct usb_hid_function *hid) {
  hid->pointer_first++;
  hid->pointer_count--;
}

static size_t absolute_in(struct usb_hid_function *hid, struct usb_hid_pointer_change *entry, uint8_t *data) {
  hid->x = entry->x;
  hid->y = entry->y;
  entry->has_absolute = false;
  if (entry->kind == USB_HID_MOTION)
    pop_pointer(hid);
  return usb_hid_absolute_report(hid->x, hid->y, data);
}

/* A report of the head of the queue, which stays there with what did not fit. 0: it changed nothing that the guest can see. */
static size_t head_in(struct usb_hid_function *hid, struct usb_hid_pointer_change *head, uint8_t *data) {
  if (head->has_absolute && head->dx == 0 && head->dy == 0)
    return absolute_in(hid, head, data);
  const uint16_t buttons = hid->told_buttons;
  struct usb_hid_mouse mouse = {.dx = take_part(&head->dx), .dy = take_part(&head->dy)};
  const bool moved_all = head->dx == 0 && head->dy == 0 && !head->has_absolute;
  if (moved_all)
    apply_change(hid, head, &mouse);
  if (moved_all && (head->kind != USB_HID_WHEEL || head->amount == 0))
    pop_pointer(hid);
  mouse.buttons = hid->told_buttons;
  const bool says_something = mouse.dx || mouse.dy || mouse.wheel || mouse.pan || mouse.buttons != buttons;
  return says_something ? usb_hid_mouse_report(&mouse, data) : 0;
}

static size_t pointer_in(struct usb_hid_function *hid, uint8_t *data) {
  if (hid->mouse_due) {
    hid->mouse_due = false;
    return usb_hid_mouse_report(&(struct usb_hid_mouse){.buttons = hid->told_buttons}, data);
  }
  size_t bytes = 0;
  while (bytes == 0 && hid->pointer_count > 0)
    bytes = head_in(hid, &hid->pointer[hid->pointer_first & ENTRY_MASK], data);
  return bytes;
}

/* --- the function --- */

static size_t function_in(void *function, uint8_t endpoint, uint8_t data[USB_PACKET_BYTES_MAX]) {
  switch (interface_of(endpoint)) {
  case USB_HID_BOOT_KEYBOARD:
    return boot_in(function, data);
  case USB_HID_KEYS:
    return keys_in(function, data);
  case USB_HID_GAMEPADS:
    return usb_hid_gamepads_in(&((struct usb_hid_function *)function)->gamepads, data);
  default:
    return pointer_in(function, data);
  }
}

/* States are told again; motion in the lost report is lost, and was meant for a guest that did not want it. */
static void function_in_lost(void *function, uint8_t endpoint) {
  struct usb_hid_function *hid = function;
  const enum usb_hid_interface interface = interface_of(endpoint);
  hid->boot_due |= interface == USB_HID_BOOT_KEYBOARD;
  hid->mouse_due |= interface == USB_HID_POINTER;
  if (interface == USB_HID_GAMEPADS)
    hid->gamepads.due = (uint8_t)((1u << hid->description.gamepads) - 1);
  if (interface == USB_HID_KEYS)
    hid->keys_due = 1u << USB_HID_ID_BITMAP | 1u << USB_HID_ID_CONSUMER | 1u << USB_HID_ID_SYSTEM;
}

static void function_listening(void *function, uint8_t endpoint, bool listening) {
  struct usb_hid_function *hid = function;
  const enum usb_hid_interface interface = interface_of(endpoint);
  hid->listening[interface] = listening;
  if (!listening && interface == keyboard_of(hid))
    drop_keys(hid);
  if (!listening && interface == USB_HID_POINTER)
    drop_pointer(hid);
  if (!listening && interface == USB_HID_GAMEPADS)
    usb_hid_gamepads_drop(&hid->gamepads);
  tell_heard(hid);
}

void usb_hid_function_set_idle_rate(struct usb_hid_function *hid, uint8_t rate) {
  hid->idle_rate = rate;
  hid->events->idle(rate * UINT64_C(4000000), hid->user_data);
}

void usb_hid_function_set_leds(struct usb_hid_function *hid, uint8_t leds) {
  if (hid->leds == leds)
    return;
  hid->leds = leds;
  hid->events->leds(leds, hid->user_data);
}

/* Keys that are down move from one interface to the other. */
void usb_hid_function_set_protocol(struct usb_hid_function *hid, bool boot) {
  if (hid->boot_protocol == boot)
    return;
  const uint8_t held = ids_that_differ(&hid->told_keys, &no_keys);
  hid->boot_protocol = boot;
  hid->keys_due |= held;
  hid->boot_due |= held >> USB_HID_ID_BITMAP & 1;
  tell_data(hid, USB_HID_BOOT_KEYBOARD);
  tell_data(hid, USB_HID_KEYS);
  tell_heard(hid);
}

/* A device that has just been plugged in: report protocol (HID 1.11, section 7.2.6), wheels in notches (HUT 1.5, section 4.3.1). */
static void function_reset(void *function) {
  struct usb_hid_function *hid = function;
  hid->boot_protocol = false;
  hid->multiplied[USB_HID_VERTICAL] = hid->multiplied[USB_HID_HORIZONTAL] = false;
  drop_keys(hid);
  drop_pointer(hid);
  usb_hid_gamepads_init(&hid->gamepads);
  hid->keys_due = 0;
  hid->boot_due = hid->mouse_due = false;
  usb_hid_function_set_leds(hid, 0);
  usb_hid_function_set_idle_rate(hid, 0);
  tell_heard(hid);
}

static int function_control(void *function, const struct usb_setup *setup, const uint8_t *out, uint8_t in[USB_CONTROL_BYTES_MAX]) {
  return usb_hid_requests_control(function, setup, out, in);
}

const struct usb_function_impl usb_hid_function_impl = {
    .name = "hid",
    .control = function_control,
    .in = function_in,
    .in_lost = function_in_lost,
    .listening = function_listening,
    .reset = function_reset,
};

void usb_hid_function_init(struct usb_hid_function *hid, const struct usb_hid_events *events, void *user_data) {
  memset(hid, 0, sizeof(*hid));
  hid->events = events;
  hid->user_data = user_data;
  usb_hid_describe(&hid->description, 0);
  usb_hid_gamepads_init(&hid->gamepads);
}

void usb_hid_function_set_gamepads(struct usb_hid_function *hid, unsigned count) { usb_hid_describe(&hid->description, count); }

static void gamepads_changed(struct usb_hid_function *hid, bool kept) {
  hid->overflowed |= !kept;
  tell_data(hid, USB_HID_GAMEPADS);
}

void usb_hid_function_gamepad_button(struct usb_hid_function *hid, uint8_t pad, uint8_t button, bool down) {
  if (hid->listening[USB_HID_GAMEPADS] && pad < hid->description.gamepads)
    gamepads_changed(hid, usb_hid_gamepads_button(&hid->gamepads, pad, button, down));
}

void usb_hid_function_gamepad_axis(struct usb_hid_function *hid, uint8_t pad, uint16_t usage, int32_t value) {
  if (hid->listening[USB_HID_GAMEPADS] && pad < hid->description.gamepads)
    gamepads_changed(hid, usb_hid_gamepads_axis(&hid->gamepads, pad, usage, value));
}

void usb_hid_function_release_all(struct usb_hid_function *hid) {
  if (ids_that_differ(&hid->wanted_keys, &no_keys)) {
    hid->wanted_keys = no_keys;
    append_key(hid, (struct usb_hid_key_change){.release_all = true});
  }
  gamepads_changed(hid, usb_hid_gamepads_rest(&hid->gamepads));
  if (hid->wanted_buttons == 0)
    return;
  struct usb_hid_pointer_change *entry = open_change(hid);
  if (!entry)
    return;
  hid->wanted_buttons = 0;
  entry->kind = USB_HID_RELEASE;
  tell_data(hid, USB_HID_POINTER);
}

void usb_hid_function_idle(struct usb_hid_function *hid) {
  hid->boot_due = true;
  tell_data(hid, USB_HID_BOOT_KEYBOARD);
}
