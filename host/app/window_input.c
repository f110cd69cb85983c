#include "host/app/window_input.h"

#include <string.h>

#define PAGE_KEYBOARD 0x07
#define PAGE_CONSUMER 0x0c
#define SCANCODE_KEYBOARD_FIRST 4u   /* usages 1-3 are error codes */
#define SCANCODE_KEYBOARD_LAST 0xe7u /* right GUI; what comes after it is reserved */

/* SDL's scancodes above page 7 (SDL_scancode.h) and their usages on the consumer page (HID Usage Tables, section 15). */
static const struct {
  uint16_t scancode, usage;
} consumer_keys[] = {
    {258, 0x0b5}, /* AUDIONEXT: scan next track */
    {259, 0x0b6}, /* AUDIOPREV */
    {260, 0x0b7}, /* AUDIOSTOP */
    {261, 0x0cd}, /* AUDIOPLAY: play/pause */
    {262, 0x0e2}, /* AUDIOMUTE */
    {263, 0x183}, /* MEDIASELECT: AL consumer control configuration */
    {264, 0x196}, /* WWW: AL internet browser */
    {265, 0x18a}, /* MAIL */
    {266, 0x192}, /* CALCULATOR */
    {267, 0x194}, /* COMPUTER: AL local machine browser */
    {268, 0x221}, /* AC_SEARCH */
    {269, 0x223}, /* AC_HOME */
    {270, 0x224}, /* AC_BACK */
    {271, 0x225}, /* AC_FORWARD */
    {272, 0x226}, /* AC_STOP */
    {273, 0x227}, /* AC_REFRESH */
    {274, 0x22a}, /* AC_BOOKMARKS */
    {275, 0x070}, /* BRIGHTNESSDOWN */
    {276, 0x06f}, /* BRIGHTNESSUP */
    {281, 0x0b8}, /* EJECT */
    {285, 0x0b4}, /* AUDIOREWIND */
    {286, 0x0b3}, /* AUDIOFASTFORWARD */
};

void window_input_init(struct window_input *input, struct input_sink *sink) { *input = (struct window_input){.sink = sink}; }

static bool usage_of(uint32_t scancode, uint16_t *page, uint16_t *usage) {
  if (scancode >= SCANCODE_KEYBOARD_FIRST && scancode <= SCANCODE_KEYBOARD_LAST) {
    *page = PAGE_KEYBOARD;
    *usage = (uint16_t)scancode;
    return true;
  }
  for (size_t i = 0; i < sizeof consumer_keys / sizeof *consumer_keys; i++) {
    if (consumer_keys[i].scancode == scancode) {
      *page = PAGE_CONSUMER;
      *usage = consumer_keys[i].usage;
      return true;
    }
  }
  return false;
}

static void key(struct window_input *input, const struct window_event *event) {
  uint16_t page, usage;
  if (event->repeat || event->scancode >= WINDOW_INPUT_SCANCODES || !usage_of(event->scancode, &page, &usage))
    return;
  uint64_t bit = UINT64_C(1) << event->scancode % 64, *word = &input->keys_down[event->scancode / 64];
  if (event->down == ((*word & bit) != 0))
    return;
  *word ^= bit;
  input->sink->impl->key(input->sink, page, usage, event->down);
}

static void move(struct window_input *input, const struct window_event *event, const struct picture_layout *layout) {
  int32_t x, y;
  if (!layout || !input->sink->impl->absolute)
    return;
  picture_layout_pointer(layout, event->x, event->y, INPUT_ABSOLUTE_MAX, &x, &y);
  input->sink->impl->absolute(input->sink, x, y);
}

static void button(struct window_input *input, const struct window_event *event, const struct picture_layout *layout) {
  static const enum input_button buttons[] = {
      0, INPUT_BUTTON_LEFT, INPUT_BUTTON_MIDDLE, INPUT_BUTTON_RIGHT, INPUT_BUTTON_SIDE, INPUT_BUTTON_EXTRA};
  if (event->button < 1 || event->button >= sizeof buttons / sizeof *buttons)
    return;
  uint32_t bit = 1u << event->button;
  if (event->down == ((input->buttons_down & bit) != 0))
    return;
  input->buttons_down ^= bit;
  move(input, event, layout); /* the click belongs to this place, whatever motion was merged before it */
  input->sink->impl->button(input->sink, buttons[event->button], event->down);
}

/* Whole 120ths are sent, the rest is kept: slow touchpads lose nothing. */
static int32_t wheel_steps(float *kept, float notches) {
  *kept += notches * INPUT_WHEEL_STEP;
  if (!(*kept > -1e6f && *kept < 1e6f))
    *kept = 0;
  int32_t steps = (int32_t)*kept;
  *kept -= (float)steps;
  return steps;
}

static void wheel(struct window_input *input, const struct window_event *event) {
  int32_t vertical = wheel_steps(&input->wheel_y, event->wheel_y), horizontal = wheel_steps(&input->wheel_x, event->wheel_x);
  if (vertical || horizontal)
    input->sink->impl->wheel(input->sink, vertical, horizontal);
}

void window_input_event(struct window_input *input, const struct window_event *event, const struct picture_layout *layout) {
  switch (event->kind) {
  case WINDOW_KEY:
    key(input, event);
    return;
  case WINDOW_MOTION:
    move(input, event, layout);
    return;
  case WINDOW_BUTTON:
    button(input, event, layout);
    return;
  case WINDOW_WHEEL:
    wheel(input, event);
    return;
  case WINDOW_LEFT:
  case WINDOW_CLOSE:
    window_input_release(input);
    return;
  case WINDOW_NOTHING:
  case WINDOW_WAKE:
  case WINDOW_RESIZED:
    return;
  }
}

void window_input_release(struct window_input *input) {
  memset(input->keys_down, 0, sizeof input->keys_down);
  input->buttons_down = 0;
  input->wheel_x = input->wheel_y = 0;
  input->sink->impl->reset(input->sink);
}
