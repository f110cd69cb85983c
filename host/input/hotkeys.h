/* The viewer's own keys: the toggle, commands under it, and the ways out. A filter between source and guest. Pure: the time is that of the
 * events, or given. One thread at a time; data plane.
 *
 *   toggle, tapped (released within 400 ms, nothing else pressed meanwhile)   HOTKEY_TOGGLE
 *   toggle held + a letter                                                    a command (hotkeys.c has the table)
 *   toggle held + any other key, button or wheel                              a chord: the guest gets it whole, toggle first
 *   toggle held for 5 s, or Ctrl+Alt+Shift+Esc                                HOTKEY_PANIC
 *
 * The guest gets nothing of a tap, of a command, or of a toggle that was held for nothing. Keys that are down already when the toggle goes
 * down do not matter: it must work in the middle of a game. Of a toggle of two keys the first is held back for 400 ms, then it is the
 * guest's. */
#ifndef TRANSOM_HOST_INPUT_HOTKEYS_H
#define TRANSOM_HOST_INPUT_HOTKEYS_H

#include "host/input/input_event.h"
#include "host/input/pressed_keys.h"
#include "host/input/toggle_key.h"

#define HOTKEYS_TAP_NS UINT64_C(400000000)
#define HOTKEYS_PANIC_NS UINT64_C(5000000000)

enum hotkey {
  HOTKEY_TOGGLE,
  HOTKEY_PANIC,
  HOTKEY_RELEASE,
  HOTKEY_FULLSCREEN,
  HOTKEY_SCREENSHOT,
  HOTKEY_HUD,
  HOTKEY_QUIT,
  HOTKEY_CTRL_ALT_DEL,
  HOTKEY_CTRL_ALT_F1, /* .. F12: 12 of them */
  HOTKEYS = HOTKEY_CTRL_ALT_F1 + 12
};

struct hotkeys_events {
  void (*pass)(const struct input_event *event, void *user_data); /* this one is for the guest */
  void (*hotkey)(enum hotkey hotkey, uint64_t time_ns, void *user_data);
};

enum hotkeys_state {
  HOTKEYS_IDLE, /* no toggle key is down, or those that are belong to the guest */
  HOTKEYS_PART, /* the first of two toggle keys is held back */
  HOTKEYS_HELD, /* the toggle is down and swallowed */
  HOTKEYS_USED, /* the same, but no tap any more: it served for a command, or was held too long */
};

struct hotkeys {
  const struct hotkeys_events *events;
  void *user_data;
  struct toggle_key toggle;
  bool takes_f11; /* F11 alone is full screen: set by the owner while the keyboard is not captured */
  enum hotkeys_state state;
  uint64_t since_ns;             /* PART, HELD: when the last toggle key went down */
  uint64_t whole_ns;             /* when the toggle was down as a whole, or 0: panic counts from here, whoever's the keys are */
  struct pressed_keys down;      /* all that is down in truth */
  struct pressed_keys swallowed; /* part of `down` that the guest knows nothing of */
  struct input_event kept[2];    /* the toggle's presses, should it become a chord */
  unsigned kept_count;
};

void hotkeys_init(struct hotkeys *hotkeys, const struct toggle_key *toggle, const struct hotkeys_events *events, void *user_data);
void hotkeys_set_toggle(struct hotkeys *hotkeys, const struct toggle_key *toggle); /* resets too */

/* Keys, buttons and wheels; motion is nobody's hotkey and need not come here. */
void hotkeys_event(struct hotkeys *hotkeys, const struct input_event *event);

uint64_t hotkeys_deadline_ns(const struct hotkeys *hotkeys); /* when hotkeys_time() is to be called; 0 = not at all */
void hotkeys_time(struct hotkeys *hotkeys, uint64_t now_ns);

void hotkeys_reset(struct hotkeys *hotkeys); /* nothing is down: the window lost the focus, another source speaks */

#endif
