#include "host/input/host_keys.h"

#define LEFT_CTRL 0xe0
#define RIGHT_META 0xe7

void host_keys_init(struct host_keys *keys, const struct host_key_list *list, const struct host_keys_events *events, void *user_data) {
  *keys = (struct host_keys){.list = list, .events = events, .user_data = user_data};
}

/* Ctrl, Shift, Alt, GUI are usages e0-e3 on the left and e4-e7 on the right: the bits of the mask in that order. */
static uint8_t modifier_of(uint16_t page, uint16_t usage) {
  bool is_modifier = page == INPUT_PAGE_KEYBOARD && usage >= LEFT_CTRL && usage <= RIGHT_META;
  return is_modifier ? (uint8_t)(1u << (usage - LEFT_CTRL) % 4) : 0;
}

static uint8_t modifiers_in(const struct pressed_keys *held) {
  uint8_t modifiers = 0;
  for (unsigned i = 0; i < held->count; i++)
    modifiers |= modifier_of(held->keys[i].page, held->keys[i].usage);
  return modifiers;
}

static void to_guest(struct host_keys *keys, const struct input_event *event) {
  bool is_wheel = event->page != INPUT_PAGE_KEYBOARD && (event->usage == INPUT_USAGE_WHEEL || event->usage == INPUT_USAGE_AC_PAN);
  if (!is_wheel && event->value)
    pressed_keys_add(&keys->guests, event->page, event->usage);
  keys->events->to_guest(event, keys->user_data);
}

static void to_host(struct host_keys *keys, const struct input_event *event) {
  pressed_keys_add(&keys->hosts, event->page, event->usage);
  keys->events->to_host(event, keys->user_data);
}

static void give_kept(struct host_keys *keys, void (*give)(struct host_keys *keys, const struct input_event *event)) {
  unsigned count = keys->kept_count;
  keys->kept_count = 0;
  for (unsigned i = 0; i < count; i++)
    give(keys, &keys->kept[i]);
}

static uint8_t kept_modifiers(const struct host_keys *keys) {
  uint8_t modifiers = 0;
  for (unsigned i = 0; i < keys->kept_count; i++)
    modifiers |= modifier_of(keys->kept[i].page, keys->kept[i].usage);
  return modifiers;
}

/* A chord is the host's only if the guest has none of its modifiers down. */
static bool is_hosts(const struct host_keys *keys, const struct input_event *event) {
  uint8_t free_modifiers = kept_modifiers(keys) | modifiers_in(&keys->hosts);
  bool guest_has_some = modifiers_in(&keys->guests) != 0;
  for (unsigned i = 0; i < keys->list->count; i++) {
    const struct host_key *key = &keys->list->keys[i];
    if (key->page == event->page && key->usage == event->usage &&
        (key->modifiers == 0 || (key->modifiers == free_modifiers && !guest_has_some)))
      return true;
  }
  return false;
}

/* Modifiers that a host chord has used are pressed still, and a key comes that makes no chord of them: it is the guest's, and so are they
 * from now on. */
static void move_modifiers_to_guest(struct host_keys *keys, uint64_t time_ns) {
  for (unsigned i = 0; i < keys->hosts.count;) {
    struct pressed_key key = keys->hosts.keys[i];
    if (!modifier_of(key.page, key.usage)) {
      i++;
      continue;
    }
    struct input_event event = {.page = key.page, .usage = key.usage, .time_ns = time_ns};
    pressed_keys_remove(&keys->hosts, key.page, key.usage);
    keys->events->to_host(&event, keys->user_data);
    event.value = 1;
    to_guest(keys, &event);
  }
}

static bool must_wait(const struct host_keys *keys, const struct input_event *event) {
  return (modifier_of(event->page, event->usage) & keys->list->modifiers) && modifiers_in(&keys->guests) == 0 && keys->kept_count < 8;
}

static void press(struct host_keys *keys, const struct input_event *event) {
  if (is_hosts(keys, event)) {
    give_kept(keys, to_host);
    to_host(keys, event);
  } else if (must_wait(keys, event)) {
    keys->kept[keys->kept_count++] = *event;
  } else {
    give_kept(keys, to_guest);
    move_modifiers_to_guest(keys, event->time_ns);
    to_guest(keys, event);
  }
}

static bool is_kept(const struct host_keys *keys, const struct input_event *event) {
  for (unsigned i = 0; i < keys->kept_count; i++)
    if (keys->kept[i].page == event->page && keys->kept[i].usage == event->usage)
      return true;
  return false;
}

static void release(struct host_keys *keys, const struct input_event *event) {
  if (pressed_keys_remove(&keys->hosts, event->page, event->usage)) {
    keys->events->to_host(event, keys->user_data);
    return;
  }
  if (is_kept(keys, event))
    give_kept(keys, to_guest); /* pressed and released alone: the guest's start menu */
  pressed_keys_remove(&keys->guests, event->page, event->usage);
  keys->events->to_guest(event, keys->user_data);
}

void host_keys_event(struct host_keys *keys, const struct input_event *event) {
  if (!keys->can_reach_host && keys->hosts.count == 0 && keys->kept_count == 0)
    keys->events->to_guest(event, keys->user_data);
  else if (event->value)
    press(keys, event);
  else
    release(keys, event);
}

void host_keys_reset(struct host_keys *keys, uint64_t time_ns) {
  while (keys->hosts.count) {
    struct pressed_key key = keys->hosts.keys[keys->hosts.count - 1];
    struct input_event event = {.page = key.page, .usage = key.usage, .time_ns = time_ns};
    pressed_keys_remove(&keys->hosts, key.page, key.usage);
    keys->events->to_host(&event, keys->user_data);
  }
  keys->kept_count = keys->guests.count = 0;
}
