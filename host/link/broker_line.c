#include "host/link/broker_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The text up to the next `end`, which is replaced by 0 and passed; false when it does not fit. */
static bool take_field(char **text, char end, char *field, size_t capacity) {
  const size_t length = strcspn(*text, (const char[]){end, 0});
  if (length >= capacity || ((*text)[length] == 0 && end != 0))
    return false;
  memcpy(field, *text, length);
  field[length] = 0;
  *text += length + ((*text)[length] != 0);
  return true;
}

/* Hexadecimal without a sign, at most `limit`. */
static bool take_number(char **text, char end, uint32_t limit, uint32_t *number) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; **text && **text != end; ++*text, digits++) {
    const char *hexadecimal = "0123456789abcdef";
    const char *digit = strchr(hexadecimal, **text);
    if (!digit || digits == 8)
      return false;
    value = value * 16 + (uint32_t)(digit - hexadecimal);
  }
  if (!digits || **text != end || value > limit)
    return false;
  ++*text;
  *number = value;
  return true;
}

/* NODE ROLES BUS VENDOR PRODUCT tab NAME tab BY-ID tab PHYSICAL */
static bool parse_device(char *text, struct input_device_info *device) {
  uint32_t bus, vendor, product;
  memset(device, 0, sizeof *device);
  if (!take_field(&text, ' ', device->node, sizeof device->node) || strncmp(device->node, "/dev/", 5) ||
      !take_number(&text, ' ', UINT32_MAX, &device->roles) || !take_number(&text, ' ', UINT16_MAX, &bus) ||
      !take_number(&text, ' ', UINT16_MAX, &vendor) || !take_number(&text, '\t', UINT16_MAX, &product))
    return false;
  device->bus = (uint16_t)bus;
  device->vendor = (uint16_t)vendor;
  device->product = (uint16_t)product;
  return take_field(&text, '\t', device->name, sizeof device->name) && take_field(&text, '\t', device->by_id, sizeof device->by_id) &&
         take_field(&text, 0, device->physical, sizeof device->physical);
}

void broker_line_parse(char *line, struct broker_line *parsed) {
  static const struct {
    const char *text;
    enum broker_word word;
    bool has_more;
  } words[] = {{"granted", BROKER_GRANTED, false},
               {"busy ", BROKER_BUSY, true},
               {"refused ", BROKER_REFUSED, true},
               {"lost ", BROKER_LOST, true},
               {"device ", BROKER_DEVICE, true},
               {"device-gone ", BROKER_DEVICE_GONE, true},
               {"no-devices ", BROKER_NO_DEVICES, true},
               {"host-keys", BROKER_HOST_KEYS, false},
               {"no-host-keys ", BROKER_NO_HOST_KEYS, true},
               {"usb input", BROKER_USB_INPUT, false},
               {"usb audio", BROKER_USB_AUDIO, false}};
  parsed->word = BROKER_UNKNOWN;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const size_t length = strlen(words[i].text);
    if (words[i].has_more ? strncmp(line, words[i].text, length) : strcmp(line, words[i].text))
      continue;
    parsed->word = words[i].word;
    parsed->text = line + length;
    if (parsed->word == BROKER_DEVICE && !parse_device(line + length, &parsed->device))
      parsed->word = BROKER_UNKNOWN;
    return;
  }
}
