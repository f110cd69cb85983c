/* States (the header says what they are) and what they do. Presses: `whole` = the toggle key, or the last one of two; `first` = the first
 * of two; `command` = a letter of the table below; `other` = any other key, a button or a wheel. `up` = a toggle key is released.
 *
 *         idle            part                      held                          used
 *  whole  keep -> held    keep -> held              swallow (its other place)     swallow
 *  first  keep -> part    replay, pass -> idle      –                             –
 *  command pass           replay, pass -> idle      do it -> used                 do it
 *  other  pass            replay, pass -> idle      replay, pass -> idle          replay, pass -> idle
 *  up     pass            replay, pass -> idle      toggle if < 400 ms -> idle    -> idle
 *  time   5 s: panic      400 ms: replay -> idle    5 s: panic -> used            5 s: panic
 *
 * In `idle` a toggle that is down belongs to the guest (a chord, or two keys pressed slowly); held for 5 s it is still the way out. */
#include "host/input/hotkeys.h"

#include <stddef.h>

#define USAGE_A 0x04
#define USAGE_ESC 0x29
#define USAGE_DELETE 0x4c
#define USAGE_F1 0x3a
#define USAGE_F11 0x44
#define USAGE_F12 0x45
#define LETTER(c) (USAGE_A + (c) - 'a')

/* What the toggle's letters do. */
static const struct {
  uint16_t usage;
  enum hotkey hotkey;
} commands[] = {
    {LETTER('f'), HOTKEY_FULLSCREEN}, {LETTER('s'), HOTKEY_SCREENSHOT}, {LETTER('h'), HOTKEY_HUD},
    {LETTER('r'), HOTKEY_RELEASE},    {LETTER('q'), HOTKEY_QUIT},       {USAGE_DELETE, HOTKEY_CTRL_ALT_DEL},
};

void hotkeys_reset(struct hotkeys *hotkeys) {
  hotkeys->state = HOTKEYS_IDLE;
  hotkeys->down.count = hotkeys->swallowed.count = hotkeys->kept_count = 0;
  hotkeys->whole_ns = 0;
}

void hotkeys_set_toggle(struct hotkeys *hotkeys, const struct toggle_key *toggle) {
  hotkeys->toggle = *toggle;
  hotkeys_reset(hotkeys);
}

void hotkeys_init(struct hotkeys *hotkeys, const struct toggle_key *toggle, const struct hotkeys_events *events, void *user_data) {
  *hotkeys = (struct hotkeys){.events = events, .user_data = user_data};
  hotkeys_set_toggle(hotkeys, toggle);
}

static bool is_key(const struct input_event *event) {
  return event->controller == 0 &&
         (event->page == INPUT_PAGE_KEYBOARD || (event->page == INPUT_PAGE_CONSUMER && event->usage != INPUT_USAGE_AC_PAN) ||
          (event->page == INPUT_PAGE_DESKTOP && event->usage >= 0x81 && event->usage <= 0x83));
}

static bool is_button(const struct input_event *event) { return event->page == INPUT_PAGE_BUTTON && event->controller == 0; }

/* Which of the toggle's keys this is, or -1. */
static int toggle_part(const struct hotkeys *hotkeys, const struct input_event *event) {
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      if (event->page == INPUT_PAGE_KEYBOARD && hotkeys->toggle.keys[i][j] == event->usage)
        return i;
  return -1;
}

static bool part_down(const struct hotkeys *hotkeys, int part) {
  const uint16_t *places = hotkeys->toggle.keys[part];
  return !places[0] || pressed_keys_has(&hotkeys->down, INPUT_PAGE_KEYBOARD, places[0]) ||
         (places[1] && pressed_keys_has(&hotkeys->down, INPUT_PAGE_KEYBOARD, places[1]));
}

static bool toggle_whole(const struct hotkeys *hotkeys) { return part_down(hotkeys, 0) && part_down(hotkeys, 1); }

static bool command_of(const struct input_event *event, enum hotkey *hotkey) {
  if (event->page != INPUT_PAGE_KEYBOARD)
    return false;
  if (event->usage >= USAGE_F1 && event->usage <= USAGE_F12) {
    *hotkey = (enum hotkey)(HOTKEY_CTRL_ALT_F1 + event->usage - USAGE_F1);
    return true;
  }
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (commands[i].usage == event->usage) {
      *hotkey = commands[i].hotkey;
      return true;
    }
  }
  return false;
}

static void pass(struct hotkeys *hotkeys, const struct input_event *event) { hotkeys->events->pass(event, hotkeys->user_data); }

static void tell(struct hotkeys *hotkeys, enum hotkey hotkey, uint64_t time_ns) {
  hotkeys->events->hotkey(hotkey, time_ns, hotkeys->user_data);
}

/* What was held back turns out to be the guest's. */
static void replay(struct hotkeys *hotkeys) {
  for (unsigned i = 0; i < hotkeys->kept_count; i++) {
    pressed_keys_remove(&hotkeys->swallowed, hotkeys->kept[i].page, hotkeys->kept[i].usage);
    pass(hotkeys, &hotkeys->kept[i]);
  }
  hotkeys->kept_count = 0;
  hotkeys->state = HOTKEYS_IDLE;
}

static void keep(struct hotkeys *hotkeys, const struct input_event *event) {
  if (hotkeys->kept_count < 2)
    hotkeys->kept[hotkeys->kept_count++] = *event;
  pressed_keys_add(&hotkeys->swallowed, event->page, event->usage);
  hotkeys->since_ns = event->time_ns;
}

static void press_toggle(struct hotkeys *hotkeys, const struct input_event *event) {
  bool first = hotkeys->state == HOTKEYS_IDLE, second = hotkeys->state == HOTKEYS_PART, whole = toggle_whole(hotkeys);
  bool alone = hotkeys->toggle.keys[1][0] == 0;
  if (hotkeys->state == HOTKEYS_HELD || hotkeys->state == HOTKEYS_USED) {
    pressed_keys_add(&hotkeys->swallowed, event->page, event->usage); /* the other place of a key that is down already */
  } else if (first && !alone && whole) {
    pass(hotkeys, event); /* the first key went to the guest long ago, so this is no toggle */
  } else if (first || (second && whole)) {
    keep(hotkeys, event);
    hotkeys->state = whole ? HOTKEYS_HELD : HOTKEYS_PART;
  } else {
    replay(hotkeys); /* the first key's other place */
    pass(hotkeys, event);
  }
}

static void press_other(struct hotkeys *hotkeys, const struct input_event *event) {
  enum hotkey hotkey;
  if ((hotkeys->state == HOTKEYS_HELD || hotkeys->state == HOTKEYS_USED) && command_of(event, &hotkey)) {
    hotkeys->state = HOTKEYS_USED;
    pressed_keys_add(&hotkeys->swallowed, event->page, event->usage);
    tell(hotkeys, hotkey, event->time_ns);
    return;
  }
  if (hotkeys->state == HOTKEYS_IDLE && hotkeys->takes_f11 && event->page == INPUT_PAGE_KEYBOARD && event->usage == USAGE_F11) {
    pressed_keys_add(&hotkeys->swallowed, event->page, event->usage);
    tell(hotkeys, HOTKEY_FULLSCREEN, event->time_ns);
    return;
  }
  if (hotkeys->state != HOTKEYS_IDLE)
    replay(hotkeys);
  pass(hotkeys, event);
}

static bool any_down(const struct hotkeys *hotkeys, uint16_t left, uint16_t right) {
  return pressed_keys_has(&hotkeys->down, INPUT_PAGE_KEYBOARD, left) || pressed_keys_has(&hotkeys->down, INPUT_PAGE_KEYBOARD, right);
}

static bool is_panic_chord(const struct hotkeys *hotkeys, const struct input_event *event) {
  return event->page == INPUT_PAGE_KEYBOARD && event->usage == USAGE_ESC && any_down(hotkeys, 0xe0, 0xe4) &&
         any_down(hotkeys, 0xe1, 0xe5) && any_down(hotkeys, 0xe2, 0xe6);
}

static void panic(struct hotkeys *hotkeys, uint64_t time_ns) {
  hotkeys->whole_ns = 0; /* once */
  if (hotkeys->state != HOTKEYS_IDLE)
    hotkeys->state = HOTKEYS_USED;
  hotkeys->kept_count = 0;
  tell(hotkeys, HOTKEY_PANIC, time_ns);
}

static void press(struct hotkeys *hotkeys, const struct input_event *event) {
  if (!pressed_keys_add(&hotkeys->down, event->page, event->usage))
    return; /* a repeat */
  if (is_panic_chord(hotkeys, event)) {
    pressed_keys_add(&hotkeys->swallowed, event->page, event->usage);
    panic(hotkeys, event->time_ns);
    return;
  }
  if (toggle_part(hotkeys, event) < 0) {
    press_other(hotkeys, event);
    return;
  }
  press_toggle(hotkeys, event);
  if (toggle_whole(hotkeys) && !hotkeys->whole_ns)
    hotkeys->whole_ns = event->time_ns;
}

/* The first toggle key that comes up ends the tap; the others are still swallowed. */
static void release_toggle(struct hotkeys *hotkeys, const struct input_event *event) {
  bool tapped = hotkeys->state == HOTKEYS_HELD && event->time_ns - hotkeys->since_ns < HOTKEYS_TAP_NS;
  if (hotkeys->state == HOTKEYS_PART) {
    replay(hotkeys);
    pass(hotkeys, event);
    return;
  }
  pressed_keys_remove(&hotkeys->swallowed, event->page, event->usage);
  hotkeys->kept_count = 0;
  hotkeys->state = toggle_whole(hotkeys) ? HOTKEYS_USED : HOTKEYS_IDLE;
  if (tapped)
    tell(hotkeys, HOTKEY_TOGGLE, event->time_ns);
}

static void release(struct hotkeys *hotkeys, const struct input_event *event) {
  if (!pressed_keys_remove(&hotkeys->down, event->page, event->usage))
    return;
  uint64_t whole_ns = hotkeys->whole_ns;
  if (!toggle_whole(hotkeys))
    hotkeys->whole_ns = 0;
  if (whole_ns && !hotkeys->whole_ns && event->time_ns >= whole_ns + HOTKEYS_PANIC_NS)
    panic(hotkeys, event->time_ns); /* the timer was late */
  bool swallowed = pressed_keys_has(&hotkeys->swallowed, event->page, event->usage);
  if (swallowed && toggle_part(hotkeys, event) >= 0)
    release_toggle(hotkeys, event);
  else if (swallowed)
    pressed_keys_remove(&hotkeys->swallowed, event->page, event->usage);
  else
    pass(hotkeys, event);
}

void hotkeys_event(struct hotkeys *hotkeys, const struct input_event *event) {
  if (!is_key(event) && !is_button(event)) {
    if (hotkeys->state != HOTKEYS_IDLE)
      replay(hotkeys); /* a wheel, zooming */
    pass(hotkeys, event);
  } else if (event->value) {
    press(hotkeys, event);
  } else {
    release(hotkeys, event);
  }
}

uint64_t hotkeys_deadline_ns(const struct hotkeys *hotkeys) {
  if (hotkeys->state == HOTKEYS_PART)
    return hotkeys->since_ns + HOTKEYS_TAP_NS;
  return hotkeys->whole_ns ? hotkeys->whole_ns + HOTKEYS_PANIC_NS : 0;
}

void hotkeys_time(struct hotkeys *hotkeys, uint64_t now_ns) {
  uint64_t deadline_ns = hotkeys_deadline_ns(hotkeys);
  if (!deadline_ns || now_ns < deadline_ns)
    return;
  if (hotkeys->state == HOTKEYS_PART)
    replay(hotkeys);
  else
    panic(hotkeys, now_ns);
}
