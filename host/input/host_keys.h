/* Keys and chords that stay with the host, whoever has the keyboard. A filter behind the hotkeys: each event goes to the guest or to the
 * host, and a chord goes as a whole. Pure. One thread at a time; data plane.
 *
 * Modifiers that a chord of the list needs are held back until it is clear whose they are: another key, a button, a wheel, or their own
 * release decides. Modifiers that no chord needs are never delayed. There is no time limit: a slow chord is a chord.
 *
 * While the owner cannot give keys to the host, `can_reach_host` is false and everything is the guest's: a key must not vanish. */
#ifndef TRANSOM_HOST_INPUT_HOST_KEYS_H
#define TRANSOM_HOST_INPUT_HOST_KEYS_H

#include "host/input/input_event.h"
#include "host/input/pressed_keys.h"

#include <stddef.h>

#define HOST_KEYS_MAX 64u

/* Bits of a modifier mask: either side will do. */
enum host_key_modifier { HOST_KEY_CTRL = 1, HOST_KEY_SHIFT = 2, HOST_KEY_ALT = 4, HOST_KEY_SUPER = 8 };

struct host_key {
  uint8_t modifiers; /* exactly these; 0 = whatever modifiers are down */
  uint16_t page, usage;
};

struct host_key_list {
  struct host_key keys[HOST_KEYS_MAX];
  unsigned count;
  uint8_t modifiers; /* of all chords together: those that are held back */
};

/* Comma-separated: groups (volume, brightness, media), QEMU's key names (f12), chords with ctrl, shift, alt, super (super+1, super+1..9,
 * alt+tab); "none" is the empty list. False: `error` says which word is wrong. */
bool host_key_list_parse(const char *text, struct host_key_list *list, char *error, size_t capacity);

struct host_keys_events {
  void (*to_guest)(const struct input_event *event, void *user_data);
  void (*to_host)(const struct input_event *event, void *user_data);
};

struct host_keys {
  const struct host_key_list *list;
  const struct host_keys_events *events;
  void *user_data;
  bool can_reach_host;
  struct input_event kept[8]; /* presses of modifiers, in their order */
  unsigned kept_count;
  struct pressed_keys hosts;  /* down, and the host's */
  struct pressed_keys guests; /* down, and the guest's */
};

/* `list` must outlive it. */
void host_keys_init(struct host_keys *keys, const struct host_key_list *list, const struct host_keys_events *events, void *user_data);
void host_keys_event(struct host_keys *keys, const struct input_event *event); /* keys, buttons and wheels */

/* Nothing is down any more. What the host was given comes up there. */
void host_keys_reset(struct host_keys *keys, uint64_t time_ns);

#endif
