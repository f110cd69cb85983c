#include "host/devices/device_class.h"

#include "host/devices/input_device.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>
#include <linux/input.h>

#define TYPING_KEYS_MIN 10u /* the hot-key devices of laptops have a few, number pads have ten */

bool device_bits_parse(const char *text, struct device_bits *bits) {
  struct device_bits parsed = {{0}};
  size_t count = 0;
  while (isspace((unsigned char)*text))
    text++;
  while (*text) {
    if (!isxdigit((unsigned char)*text) || count == DEVICE_BITS_WORDS)
      return false;
    char *end;
    memmove(&parsed.words[1], &parsed.words[0], (DEVICE_BITS_WORDS - 1) * sizeof(parsed.words[0]));
    parsed.words[0] = strtoull(text, &end, 16);
    count++;
    for (text = end; isspace((unsigned char)*text);)
      text++;
  }
  if (count == 0)
    return false;
  *bits = parsed;
  return true;
}

bool device_bits_has(const struct device_bits *bits, unsigned code) {
  return code < DEVICE_BITS_WORDS * 64 && (bits->words[code / 64] >> (code % 64) & 1);
}

static unsigned count_range(const struct device_bits *bits, unsigned first, unsigned last) {
  unsigned count = 0;
  for (unsigned code = first; code <= last; code++)
    count += device_bits_has(bits, code);
  return count;
}

static bool types(const struct device_bits *keys) {
  static const unsigned ranges[][2] = {{KEY_1, KEY_0},     {KEY_Q, KEY_P},     {KEY_A, KEY_L},       {KEY_Z, KEY_M},
                                       {KEY_KP7, KEY_KP9}, {KEY_KP4, KEY_KP6}, {KEY_KP1, KEY_KPDOT}, {KEY_F13, KEY_F24}};
  unsigned count = 0;
  for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
    count += count_range(keys, ranges[i][0], ranges[i][1]);
  return count >= TYPING_KEYS_MIN;
}

static bool is_host_power_key(unsigned code) {
  return code == KEY_POWER || code == KEY_POWER2 || code == KEY_SLEEP || code == KEY_SUSPEND || code == KEY_WAKEUP || code == KEY_RESTART;
}

/* Keys, not buttons: BTN_MISC .. KEY_OK-1 and the trigger-happy range are buttons. */
static bool has_other_keys(const struct device_bits *keys) {
  for (unsigned code = KEY_ESC; code <= KEY_MAX; code++) {
    const bool is_button = (code >= BTN_MISC && code < KEY_OK) || (code >= BTN_DPAD_UP && code <= BTN_DPAD_RIGHT) ||
                           (code >= BTN_TRIGGER_HAPPY && code <= BTN_TRIGGER_HAPPY40);
    if (!is_button && !is_host_power_key(code) && device_bits_has(keys, code))
      return true;
  }
  return false;
}

static bool has_plane(const struct device_bits *axes) { return device_bits_has(axes, 0) && device_bits_has(axes, 1); /* X and Y */ }

static bool is_touch_or_pen(const struct device_capabilities *device) {
  return device_bits_has(&device->keys, BTN_TOUCH) || device_bits_has(&device->keys, BTN_TOOL_FINGER) ||
         device_bits_has(&device->keys, BTN_TOOL_PEN) || device_bits_has(&device->keys, BTN_STYLUS) ||
         device_bits_has(&device->absolute, ABS_MT_POSITION_X) || device_bits_has(&device->properties, INPUT_PROP_DIRECT) ||
         device_bits_has(&device->properties, INPUT_PROP_BUTTONPAD) || device_bits_has(&device->properties, INPUT_PROP_SEMI_MT);
}

static bool is_controller(const struct device_capabilities *device) {
  return has_plane(&device->absolute) && (device_bits_has(&device->keys, BTN_JOYSTICK) || device_bits_has(&device->keys, BTN_GAMEPAD));
}

static bool is_pointer(const struct device_capabilities *device) {
  return device_bits_has(&device->keys, BTN_LEFT) && (has_plane(&device->relative) || has_plane(&device->absolute));
}

struct device_class device_class_of(const struct device_capabilities *device) {
  struct device_class class = {0};
  if (device_bits_has(&device->properties, INPUT_PROP_ACCELEROMETER) || device_bits_has(&device->switches, SW_LID) ||
      is_touch_or_pen(device))
    return class;
  if (types(&device->keys))
    class.roles |= INPUT_DEVICE_KEYBOARD;
  if (is_controller(device))
    class.roles |= INPUT_DEVICE_CONTROLLER;
  else if (is_pointer(device))
    class.roles |= INPUT_DEVICE_POINTER;
  class.serves_keyboard = !class.roles && has_other_keys(&device->keys);
  return class;
}
