#include "host/devices/device_class.h"

#include "host/devices/device_text.h"

#include <stdio.h>
#include <string.h>

#include <linux/input-event-codes.h>

#define BITMAP_TEXT_MAX 256 /* 12 words of 17 characters */

static void read_bits(const char *directory, const char *name, struct device_bits *bits) {
  char text[BITMAP_TEXT_MAX];
  if (!device_text_read(directory, name, text, sizeof(text)) || !device_bits_parse(text, bits))
    memset(bits, 0, sizeof(*bits));
}

void device_capabilities_read(const char *directory, struct device_capabilities *capabilities) {
  read_bits(directory, "capabilities/key", &capabilities->keys);
  read_bits(directory, "capabilities/rel", &capabilities->relative);
  read_bits(directory, "capabilities/abs", &capabilities->absolute);
  read_bits(directory, "capabilities/sw", &capabilities->switches);
  read_bits(directory, "capabilities/led", &capabilities->leds);
  read_bits(directory, "properties", &capabilities->properties);
}

static unsigned count_range(const struct device_bits *bits, unsigned first, unsigned last) {
  unsigned count = 0;
  for (unsigned code = first; code <= last; code++)
    count += device_bits_has(bits, code);
  return count;
}

static void add(char *text, size_t capacity, unsigned count, const char *one, const char *several) {
  const size_t used = strlen(text);
  if (count > 0)
    snprintf(text + used, capacity - used, "%s%u %s", used ? ", " : "", count, count == 1 ? one : several);
}

static void add_ability(char *text, size_t capacity, bool has, const char *what) {
  const size_t used = strlen(text);
  if (has)
    snprintf(text + used, capacity - used, "%s%s", used ? ", " : "", what);
}

void device_capabilities_format(const struct device_capabilities *capabilities, char *text, size_t capacity) {
  const struct device_bits *keys = &capabilities->keys, *relative = &capabilities->relative;
  const unsigned buttons = count_range(keys, BTN_MISC, KEY_OK - 1) + count_range(keys, BTN_TRIGGER_HAPPY, BTN_TRIGGER_HAPPY40);
  const bool is_fine = device_bits_has(relative, REL_WHEEL_HI_RES);
  text[0] = 0;
  add(text, capacity, count_range(keys, 1, KEY_MAX) - buttons, "key", "keys");
  add(text, capacity, buttons, "button", "buttons");
  add_ability(text, capacity, device_bits_has(relative, REL_X), "motion");
  add_ability(text, capacity, device_bits_has(relative, REL_WHEEL), is_fine ? "fine wheel" : "wheel");
  add_ability(text, capacity, device_bits_has(relative, REL_HWHEEL), "sideways wheel");
  add(text, capacity, count_range(&capabilities->absolute, 0, ABS_MAX), "axis", "axes");
  add(text, capacity, count_range(&capabilities->leds, 0, LED_MAX), "LED", "LEDs");
  add(text, capacity, count_range(&capabilities->switches, 0, SW_MAX), "switch", "switches");
}
