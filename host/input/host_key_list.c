/* The list of host keys, from text. Control plane. */
#include "host/input/host_keys.h"
#include "host/input/keymap_table.h"

#include <stdio.h>
#include <string.h>

#define WORD_BYTES 64u

struct group_key {
  const char *group;
  uint16_t page, usage;
};

/* HID Usage Tables 1.5: consumer page section 15, keyboard page section 10. */
static const struct group_key groups[] = {
    {"volume", INPUT_PAGE_CONSUMER, 0xe2},     {"volume", INPUT_PAGE_CONSUMER, 0xe9},     {"volume", INPUT_PAGE_CONSUMER, 0xea},
    {"volume", INPUT_PAGE_KEYBOARD, 0x7f},     {"volume", INPUT_PAGE_KEYBOARD, 0x80},     {"volume", INPUT_PAGE_KEYBOARD, 0x81},
    {"brightness", INPUT_PAGE_CONSUMER, 0x6f}, {"brightness", INPUT_PAGE_CONSUMER, 0x70}, {"media", INPUT_PAGE_CONSUMER, 0xb0},
    {"media", INPUT_PAGE_CONSUMER, 0xb1},      {"media", INPUT_PAGE_CONSUMER, 0xb3},      {"media", INPUT_PAGE_CONSUMER, 0xb4},
    {"media", INPUT_PAGE_CONSUMER, 0xb5},      {"media", INPUT_PAGE_CONSUMER, 0xb6},      {"media", INPUT_PAGE_CONSUMER, 0xb7},
    {"media", INPUT_PAGE_CONSUMER, 0xcd},
};

static const struct {
  const char *name;
  uint8_t bit;
} modifiers[] = {
    {"ctrl", HOST_KEY_CTRL}, {"shift", HOST_KEY_SHIFT}, {"alt", HOST_KEY_ALT}, {"super", HOST_KEY_SUPER}, {"meta", HOST_KEY_SUPER}};

static bool add(struct host_key_list *list, struct host_key key) {
  if (list->count == HOST_KEYS_MAX)
    return false;
  list->keys[list->count++] = key;
  list->modifiers |= key.modifiers;
  return true;
}

static bool add_group(struct host_key_list *list, const char *word, bool *full) {
  bool found = false;
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    if (strcmp(groups[i].group, word) != 0)
      continue;
    found = true;
    *full |= !add(list, (struct host_key){.page = groups[i].page, .usage = groups[i].usage});
  }
  return found;
}

static uint8_t modifier_named(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
    if (strlen(modifiers[i].name) == length && strncmp(modifiers[i].name, name, length) == 0)
      return modifiers[i].bit;
  return 0;
}

static bool add_named(struct host_key_list *list, uint8_t mask, const char *name, bool *full) {
  int index = keymap_find_qcode(name);
  if (index < 0)
    return false;
  const struct keymap_entry *entry = keymap_at((size_t)index);
  *full |= !add(list, (struct host_key){mask, entry->page, entry->usage});
  return true;
}

/* "super+1..9": digits alone, from and to. */
static bool add_digits(struct host_key_list *list, uint8_t mask, const char *range, bool *full) {
  if (strlen(range) != 4 || range[1] != '.' || range[2] != '.' || range[0] < '0' || range[3] > '9' || range[0] > range[3])
    return false;
  for (char digit = range[0]; digit <= range[3]; digit++)
    add_named(list, mask, (char[]){digit, 0}, full);
  return true;
}

static bool add_word(struct host_key_list *list, const char *word, bool *full) {
  uint8_t mask = 0;
  const char *rest = word, *plus;
  if (add_group(list, word, full))
    return true;
  for (; (plus = strchr(rest, '+')); rest = plus + 1) {
    uint8_t bit = modifier_named(rest, (size_t)(plus - rest));
    if (!bit)
      return false;
    mask |= bit;
  }
  return add_digits(list, mask, rest, full) || add_named(list, mask, rest, full);
}

bool host_key_list_parse(const char *text, struct host_key_list *list, char *error, size_t capacity) {
  *list = (struct host_key_list){0};
  bool full = false;
  for (const char *at = text; *at;) {
    char word[WORD_BYTES];
    size_t length = strcspn(at, ", ");
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), at);
    at += length + (at[length] != 0);
    if (!word[0] || strcmp(word, "none") == 0)
      continue;
    if (length >= sizeof word || !add_word(list, word, &full)) {
      snprintf(error, capacity, "host-keys: there is no key or group '%s'", word);
      return false;
    }
  }
  if (full)
    snprintf(error, capacity, "host-keys: more than %u keys", HOST_KEYS_MAX);
  return !full;
}
