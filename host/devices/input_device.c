#include "host/devices/input_device_read.h"

#include "host/devices/device_class.h"
#include "host/devices/device_discovery.h"
#include "host/devices/device_text.h"
#include "host/devices/host_keyboard_identity.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input.h>

#define BY_ID_DIRECTORY "/dev/input/by-id/"

static void copy_text(char *target, size_t capacity, const char *text) { snprintf(target, capacity, "%s", text); }

static uint16_t read_id(const char *directory, const char *name) {
  char text[16];
  return device_text_read(directory, name, text, sizeof(text)) ? (uint16_t)strtoul(text, NULL, 16) : 0;
}

/* The kernel's `phys` is "PORT/inputN" with a number for each interface; Bluetooth writes the adapter there and the device in `uniq`. */
static void read_physical(const char *directory, struct input_device_info *info) {
  const char *attribute = info->bus == BUS_BLUETOOTH ? "uniq" : "phys";
  device_text_read(directory, attribute, info->physical, sizeof(info->physical));
  char *interface = strstr(info->physical, "/input");
  if (interface)
    *interface = 0;
  device_text_clean(info->physical);
}

static bool is_host_keyboard(const struct input_device_info *info) {
  return info->bus == BUS_VIRTUAL && strcmp(info->name, HOST_KEYBOARD_NAME) == 0 && strcmp(info->physical, HOST_KEYBOARD_PHYSICAL) == 0;
}

bool input_device_read(const char *node, const char *directory, const char *by_id, struct input_device_info *info, bool *serves_keyboard) {
  struct input_device_info read = {.bus = read_id(directory, "id/bustype")};
  struct device_capabilities capabilities;
  if (!device_text_read(directory, "name", read.name, sizeof(read.name)))
    return false;
  device_text_clean(read.name);
  copy_text(read.node, sizeof(read.node), node);
  copy_text(read.by_id, sizeof(read.by_id), by_id ? by_id : "");
  device_text_clean(read.by_id);
  read.vendor = read_id(directory, "id/vendor");
  read.product = read_id(directory, "id/product");
  read_physical(directory, &read);
  device_capabilities_read(directory, &capabilities);
  const struct device_class class = is_host_keyboard(&read) ? (struct device_class){0} : device_class_of(&capabilities);
  read.roles = class.roles;
  *info = read;
  *serves_keyboard = class.serves_keyboard;
  return true;
}

static bool parse_hex_word(const char *text, char end, uint16_t *value) {
  char *rest;
  if (strspn(text, "0123456789abcdefABCDEF") == 0)
    return false;
  const unsigned long parsed = strtoul(text, &rest, 16);
  if (*rest != end || rest - text > 4)
    return false;
  *value = (uint16_t)parsed;
  return true;
}

static bool matches_ids(const struct input_device_info *info, const char *choice) {
  uint16_t vendor, product;
  const char *colon = strchr(choice, ':');
  return colon && parse_hex_word(choice, ':', &vendor) && parse_hex_word(colon + 1, 0, &product) && vendor == info->vendor &&
         product == info->product;
}

static bool matches_path(const struct input_device_info *info, const char *choice) {
  char resolved[PATH_MAX];
  const size_t prefix = strlen(BY_ID_DIRECTORY);
  if (strcmp(choice, info->node) == 0)
    return true;
  if (info->by_id[0] && strncmp(choice, BY_ID_DIRECTORY, prefix) == 0 && strcmp(choice + prefix, info->by_id) == 0)
    return true;
  return realpath(choice, resolved) && strcmp(resolved, info->node) == 0;
}

bool input_device_matches(const struct input_device_info *info, const char *choice) {
  if (choice[0] == '/')
    return matches_path(info, choice);
  return (info->by_id[0] && strcmp(choice, info->by_id) == 0) || matches_ids(info, choice);
}
