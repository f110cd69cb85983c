#include "host/app/input_hint.h"

#include <stdio.h>

static const char *released_because(enum input_note note) {
  switch (note) {
  case INPUT_NOTE_PANIC:
    return "Released: everything is yours again";
  case INPUT_NOTE_FOCUS:
    return "Released: the window was left";
  case INPUT_NOTE_KEY_STUCK:
    return "Not captured: a key or button stayed down";
  case INPUT_NOTE_BUSY:
    return "Not captured: another program holds the devices";
  case INPUT_NOTE_DEAF:
    return "Not captured: the guest cannot hear the keyboard now";
  case INPUT_NOTE_HUNG:
    return "Released: the window did not answer";
  case INPUT_NOTE_REVOKED:
    return "Released: transom-serve took the input back";
  case INPUT_NOTE_AGENT:
    return "Released: the picture stands still";
  case INPUT_NOTE_GUEST_HID_POINTER:
    return "The guest hides its pointer";
  case INPUT_NOTE_WATCHES:
  case INPUT_NOTE_TOGGLE:
  case INPUT_NOTE_NONE:
  case INPUT_NOTE_USER:
    break;
  }
  return "Released";
}

static void say_state(const struct input_view *view, const char *kept, char text[INPUT_HINT_BYTES]) {
  switch (view->state) {
  case CAPTURE_RELEASED:
    if (view->note == INPUT_NOTE_WATCHES)
      snprintf(text, INPUT_HINT_BYTES, "Only watching. Keyboard and mouse: %s", view->refusal);
    else if (view->note == INPUT_NOTE_TOGGLE)
      snprintf(text, INPUT_HINT_BYTES, "No keyboard here has Right Ctrl: tap %s to capture", view->toggle);
    else
      snprintf(text, INPUT_HINT_BYTES, "%s - tap %s to capture", released_because(view->note), view->toggle);
    return;
  case CAPTURE_WAITING:
    snprintf(text, INPUT_HINT_BYTES, "Let go of all keys and buttons to capture");
    return;
  case CAPTURE_CAPTURED:
    snprintf(text, INPUT_HINT_BYTES, "Captured - tap %s to release%s%s", view->toggle, view->grabbed == INPUT_ORIGIN_WINDOW ? "; " : "",
             view->grabbed == INPUT_ORIGIN_WINDOW ? kept : "");
    return;
  case CAPTURE_SUSPENDED:
    snprintf(text, INPUT_HINT_BYTES, "Waiting for the guest - tap %s not to capture again", view->toggle);
    return;
  case CAPTURE_STATES:
    return;
  }
}

void input_hint_text(const struct input_view *view, const char *kept, bool always, char text[INPUT_HINT_BYTES]) {
  text[0] = 0;
  bool quiet = view->state == CAPTURE_RELEASED && view->note == INPUT_NOTE_NONE; /* nothing has happened yet */
  if (!always && (quiet || !view->hint))
    return;
  char state[INPUT_HINT_BYTES / 2] = "";
  char line[INPUT_HINT_BYTES] = "";
  say_state(view, kept, line);
  snprintf(state, sizeof state, "%.*s", (int)sizeof state - 1, line);
  if (always)
    snprintf(text, INPUT_HINT_BYTES, "%s\nby %s%s%s%s%s", state, view->sink, view->hears ? "" : ", which cannot be heard",
             view->leds & INPUT_LED_CAPS ? ", Caps" : "", view->leds & INPUT_LED_NUM ? ", Num" : "",
             view->leds & INPUT_LED_SCROLL ? ", Scroll" : "");
  else
    snprintf(text, INPUT_HINT_BYTES, "%s", line);
}
