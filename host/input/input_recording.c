#include "host/input/input_recording.h"

#include "host/input/input_sink.h"
#include "host/input/keymap_table.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define CONTROLLER_BUTTONS 32
#define CONTROLLERS 16

/* Lines of one number. */
static const struct axis_word {
  const char *word;
  uint16_t page, usage;
  bool absolute;
  long minimum, maximum;
} axis_words[] = {
    {"x", INPUT_PAGE_DESKTOP, INPUT_USAGE_X, false, INT32_MIN, INT32_MAX},
    {"y", INPUT_PAGE_DESKTOP, INPUT_USAGE_Y, false, INT32_MIN, INT32_MAX},
    {"at-x", INPUT_PAGE_DESKTOP, INPUT_USAGE_X, true, 0, INPUT_ABSOLUTE_MAX},
    {"at-y", INPUT_PAGE_DESKTOP, INPUT_USAGE_Y, true, 0, INPUT_ABSOLUTE_MAX},
    {"wheel", INPUT_PAGE_DESKTOP, INPUT_USAGE_WHEEL, false, INT32_MIN, INT32_MAX},
    {"pan", INPUT_PAGE_CONSUMER, INPUT_USAGE_AC_PAN, false, INT32_MIN, INT32_MAX},
};

#define AXIS_WORDS (sizeof(axis_words) / sizeof(axis_words[0]))

/* ---- reading: what is left of the line moves along ---- */

static void skip_blanks(const char **at) {
  while (**at == ' ')
    (*at)++;
}

static bool take_word(const char **at, const char *word) {
  const size_t length = strlen(word);
  skip_blanks(at);
  if (strncmp(*at, word, length) != 0 || ((*at)[length] && (*at)[length] != ' '))
    return false;
  *at += length;
  return true;
}

static bool take_number(const char **at, int base, long minimum, long maximum, long *number) {
  skip_blanks(at);
  const char *digits = *at + (**at == '-' && minimum < 0);
  const size_t length = strspn(digits, base == 16 ? "0123456789abcdef" : "0123456789");
  if (length == 0 || length > 10)
    return false;
  char *end;
  const long parsed = strtol(*at, &end, base); /* at most ten digits: no overflow */
  if (end != digits + length || (*end && *end != ' ' && *end != ':') || parsed < minimum || parsed > maximum)
    return false;
  *at = end;
  *number = parsed;
  return true;
}

/* Seconds with a fraction of one to nine digits. */
static bool take_time(const char **at, uint64_t *time_ns) {
  skip_blanks(at);
  const size_t whole = strspn(*at, "0123456789");
  if (whole == 0 || whole > 7 || (*at)[whole] != '.')
    return false;
  const char *fraction = *at + whole + 1;
  const size_t digits = strspn(fraction, "0123456789");
  if (digits == 0 || digits > 9 || (fraction[digits] && fraction[digits] != ' '))
    return false;
  uint64_t ns = strtoul(fraction, NULL, 10);
  for (size_t i = digits; i < 9; i++)
    ns *= 10;
  const uint64_t seconds = strtoul(*at, NULL, 10);
  if (seconds > INPUT_RECORDING_SECONDS_MAX)
    return false;
  *time_ns = seconds * NS_PER_S + ns;
  *at = fraction + digits;
  return true;
}

static bool is_key_usage(long page, long usage) {
  if (page == INPUT_PAGE_DESKTOP)
    return usage >= 0x81 && usage <= 0x83;
  return (page == INPUT_PAGE_KEYBOARD && usage >= 0x04 && usage <= 0xe7) ||
         (page == INPUT_PAGE_CONSUMER && usage >= 0x01 && usage <= 0x3ff && usage != INPUT_USAGE_AC_PAN);
}

static const char *take_state(const char **at, struct input_event *event) {
  const bool down = take_word(at, "down");
  if (!down && !take_word(at, "up"))
    return "'down' or 'up' is missing";
  event->value = down;
  return NULL;
}

static const char *take_key(const char **at, struct input_event *event) {
  long page, usage;
  if (!take_number(at, 16, 0, 0xffff, &page) || *(*at)++ != ':' || **at == ' ' || !take_number(at, 16, 0, 0xffff, &usage) ||
      !is_key_usage(page, usage))
    return "a key is a page and a usage, as in 07:04";
  event->page = (uint16_t)page;
  event->usage = (uint16_t)usage;
  return take_state(at, event);
}

static const char *take_button(const char **at, long buttons, struct input_event *event) {
  long button;
  if (!take_number(at, 10, 1, buttons, &button))
    return "no such button";
  event->page = INPUT_PAGE_BUTTON;
  event->usage = (uint16_t)button;
  return take_state(at, event);
}

static const char *take_controller(const char **at, struct input_event *event) {
  long number, usage, value;
  if (!take_number(at, 10, 1, CONTROLLERS, &number))
    return "no such controller";
  event->controller = (uint8_t)number;
  if (take_word(at, "button"))
    return take_button(at, CONTROLLER_BUTTONS, event);
  if (!take_word(at, "axis") || !take_number(at, 16, 0x30, 0x39, &usage) ||
      !take_number(at, 10, -INPUT_CONTROLLER_AXIS_MAX, INPUT_CONTROLLER_AXIS_MAX, &value))
    return "a controller has buttons and axes, as in 'controller 1 axis 30 -5'";
  event->page = INPUT_PAGE_DESKTOP;
  event->usage = (uint16_t)usage;
  event->absolute = true;
  event->value = (int32_t)value;
  return NULL;
}

static const char *take_axis(const char **at, struct input_event *event) {
  for (size_t i = 0; i < AXIS_WORDS; i++) {
    const struct axis_word *axis = &axis_words[i];
    long value;
    if (!take_word(at, axis->word))
      continue;
    if (!take_number(at, 10, axis->minimum, axis->maximum, &value))
      return "the number is missing or out of range";
    event->page = axis->page;
    event->usage = axis->usage;
    event->absolute = axis->absolute;
    event->value = (int32_t)value;
    return NULL;
  }
  return "neither key, button, x, y, at-x, at-y, wheel, pan, controller nor end";
}

static const char *take_what(const char **at, enum input_recording_line *kind, struct input_event *event) {
  *kind = INPUT_RECORDING_EVENT;
  if (take_word(at, "key"))
    return take_key(at, event);
  if (take_word(at, "button"))
    return take_button(at, INPUT_BUTTONS, event);
  if (take_word(at, "controller"))
    return take_controller(at, event);
  if (!take_word(at, "end"))
    return take_axis(at, event);
  *kind = INPUT_RECORDING_END;
  return NULL;
}

const char *input_recording_parse(const char *line, enum input_recording_line *kind, struct input_event *event) {
  struct input_event parsed = {0};
  enum input_recording_line parsed_kind = INPUT_RECORDING_NOTHING;
  const char *at = line;
  skip_blanks(&at);
  if (*at && *at != '#') {
    if (!take_time(&at, &parsed.time_ns))
      return "it does not begin with a time, as in 1.250000";
    const char *fault = take_what(&at, &parsed_kind, &parsed);
    if (fault)
      return fault;
    skip_blanks(&at);
    if (*at && *at != '#')
      return "something follows the event";
  }
  *kind = parsed_kind;
  *event = parsed;
  return NULL;
}

/* ---- writing ---- */

static const struct axis_word *axis_word_of(const struct input_event *event) {
  for (size_t i = 0; i < AXIS_WORDS; i++)
    if (axis_words[i].page == event->page && axis_words[i].usage == event->usage && axis_words[i].absolute == event->absolute)
      return &axis_words[i];
  return NULL;
}

bool input_recording_is_key(const struct input_event *event) {
  return event->page == INPUT_PAGE_BUTTON || is_key_usage(event->page, event->usage);
}

static bool is_button_of(const struct input_event *event, int buttons) {
  return event->page == INPUT_PAGE_BUTTON && event->usage >= 1 && event->usage <= buttons;
}

bool input_recording_is_recordable(const struct input_event *event) {
  if (event->controller)
    return event->controller <= CONTROLLERS && (is_button_of(event, CONTROLLER_BUTTONS) ||
                                                (event->page == INPUT_PAGE_DESKTOP && event->usage >= 0x30 && event->usage <= 0x39 &&
                                                 event->value >= -INPUT_CONTROLLER_AXIS_MAX && event->value <= INPUT_CONTROLLER_AXIS_MAX));
  return is_button_of(event, INPUT_BUTTONS) || is_key_usage(event->page, event->usage) || axis_word_of(event);
}

static const char *state_of(const struct input_event *event) { return event->value ? "down" : "up"; }

/* QEMU's name of a key helps who reads the recording. */
static void format_key(const struct input_event *event, char text[64]) {
  const int key = keymap_find(event->page, event->usage);
  const char *name = key < 0 ? NULL : keymap_at((size_t)key)->qcode;
  snprintf(text, 64, "key %02x:%02x %s%s%.24s", event->page, event->usage, state_of(event), name ? "  # " : "", name ? name : "");
}

static void format_what(const struct input_event *event, char text[64]) {
  if (event->controller && event->page == INPUT_PAGE_BUTTON)
    snprintf(text, 64, "controller %u button %u %s", event->controller, event->usage, state_of(event));
  else if (event->controller)
    snprintf(text, 64, "controller %u axis %x %d", event->controller, event->usage, event->value);
  else if (event->page == INPUT_PAGE_BUTTON)
    snprintf(text, 64, "button %u %s", event->usage, state_of(event));
  else if (is_key_usage(event->page, event->usage))
    format_key(event, text);
  else
    snprintf(text, 64, "%s %d", axis_word_of(event)->word, event->value);
}

static void format_line(uint64_t time_ns, const char *what, char line[INPUT_RECORDING_LINE_MAX]) {
  snprintf(line, INPUT_RECORDING_LINE_MAX, "%llu.%06llu %s\n", (unsigned long long)(time_ns / NS_PER_S),
           (unsigned long long)(time_ns % NS_PER_S / 1000), what);
}

void input_recording_format(const struct input_event *event, uint64_t time_ns, char line[INPUT_RECORDING_LINE_MAX]) {
  char what[64];
  assert(input_recording_is_recordable(event));
  format_what(event, what);
  format_line(time_ns, what, line);
}

void input_recording_format_end(uint64_t time_ns, char line[INPUT_RECORDING_LINE_MAX]) { format_line(time_ns, "end", line); }

/* ---- what is down ---- */

static bool is_same(const struct input_event *one, const struct input_event *other) {
  return one->page == other->page && one->usage == other->usage && one->controller == other->controller;
}

bool input_recording_held_put(struct input_recording_held *held, const struct input_event *key) {
  size_t at = 0;
  while (at < held->count && !is_same(&held->keys[at], key))
    at++;
  const bool is_down = at < held->count;
  if (is_down == (key->value != 0) || (!is_down && held->count == INPUT_RECORDING_HELD_MAX))
    return false;
  if (is_down)
    held->keys[at] = held->keys[--held->count];
  else
    held->keys[held->count++] = *key;
  return true;
}

size_t input_recording_held_release(struct input_recording_held *held, uint64_t time_ns,
                                    struct input_event events[INPUT_REPORT_EVENTS_MAX]) {
  size_t count = 0;
  while (held->count && count < INPUT_REPORT_EVENTS_MAX) {
    events[count] = held->keys[--held->count];
    events[count].value = 0;
    events[count++].time_ns = time_ns;
  }
  return count;
}
