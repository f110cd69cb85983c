#include "host/app/window_input.h"

#include "host/input/input_sink.h"

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

static bool usage_of(uint32_t scancode, uint16_t *page, uint16_t *usage) {
  if (scancode >= SCANCODE_KEYBOARD_FIRST && scancode <= SCANCODE_KEYBOARD_LAST) {
    *page = INPUT_PAGE_KEYBOARD;
    *usage = (uint16_t)scancode;
    return true;
  }
  for (size_t i = 0; i < sizeof consumer_keys / sizeof *consumer_keys; i++) {
    if (consumer_keys[i].scancode == scancode) {
      *page = INPUT_PAGE_CONSUMER;
      *usage = consumer_keys[i].usage;
      return true;
    }
  }
  return false;
}

struct report {
  struct input_event *events;
  size_t count;
  uint64_t time_ns;
};

static void add(struct report *report, struct input_event event) {
  event.time_ns = report->time_ns;
  report->events[report->count++] = event;
}

static void key(const struct window_event *event, struct report *report) {
  uint16_t page, usage;
  if (!event->repeat && usage_of(event->scancode, &page, &usage))
    add(report, (struct input_event){.page = page, .usage = usage, .value = event->down});
}

static void place(const struct window_event *event, const struct picture_layout *layout, struct report *report) {
  int32_t x, y;
  if (!layout)
    return;
  picture_layout_pointer(layout, event->x, event->y, INPUT_ABSOLUTE_MAX, &x, &y);
  add(report, (struct input_event){.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_X, .absolute = true, .value = x});
  add(report, (struct input_event){.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_Y, .absolute = true, .value = y});
}

/* Both ways to say it: the router takes the one that the mode wants. */
static void motion(const struct window_event *event, const struct picture_layout *layout, struct report *report) {
  place(event, layout, report);
  if (event->dx)
    add(report, (struct input_event){.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_X, .value = event->dx});
  if (event->dy)
    add(report, (struct input_event){.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_Y, .value = event->dy});
}

static void button(const struct window_event *event, const struct picture_layout *layout, struct report *report) {
  static const enum input_button buttons[] = {
      0, INPUT_BUTTON_LEFT, INPUT_BUTTON_MIDDLE, INPUT_BUTTON_RIGHT, INPUT_BUTTON_SIDE, INPUT_BUTTON_EXTRA};
  if (event->button < 1 || event->button >= sizeof buttons / sizeof *buttons)
    return;
  place(event, layout, report); /* the click belongs to this place, whatever motion was merged before it */
  add(report, (struct input_event){.page = INPUT_PAGE_BUTTON, .usage = (uint16_t)(buttons[event->button] + 1), .value = event->down});
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

static void wheel(struct window_input *input, const struct window_event *event, struct report *report) {
  int32_t vertical = wheel_steps(&input->wheel_y, event->wheel_y), horizontal = wheel_steps(&input->wheel_x, event->wheel_x);
  if (vertical)
    add(report, (struct input_event){.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_WHEEL, .value = vertical});
  if (horizontal)
    add(report, (struct input_event){.page = INPUT_PAGE_CONSUMER, .usage = INPUT_USAGE_AC_PAN, .value = horizontal});
}

size_t window_input_translate(struct window_input *input, const struct window_event *event, const struct picture_layout *layout,
                              struct input_event events[WINDOW_INPUT_EVENTS_MAX]) {
  struct report report = {.events = events, .time_ns = event->time_ns};
  switch (event->kind) {
  case WINDOW_KEY:
    key(event, &report);
    break;
  case WINDOW_MOTION:
    motion(event, layout, &report);
    break;
  case WINDOW_BUTTON:
    button(event, layout, &report);
    break;
  case WINDOW_WHEEL:
    wheel(input, event, &report);
    break;
  case WINDOW_LEFT:
  case WINDOW_CLOSE:
    *input = (struct window_input){0};
    break;
  case WINDOW_NOTHING:
  case WINDOW_WAKE:
  case WINDOW_RESIZED:
  case WINDOW_FOCUS:
    break;
  }
  return report.count;
}
