#include "host/input/toggle_key.h"

#include "host/input/keymap_table.h"

#include <stdio.h>
#include <string.h>

#define LEFT_CTRL 0xe0
#define LEFT_SHIFT 0xe1
#define LEFT_ALT 0xe2
#define LEFT_META 0xe3
#define RIGHT_CTRL 0xe4
#define RIGHT_SHIFT 0xe5
#define RIGHT_ALT 0xe6
#define RIGHT_META 0xe7
#define SCROLL_LOCK 0x47
#define PAUSE 0x48

static const struct {
  const char *name;
  struct toggle_key toggle;
} names[] = {
    {"right-ctrl", {"Right Ctrl", {{RIGHT_CTRL}}}},
    {"scrolllock", {"Scroll Lock", {{SCROLL_LOCK}}}},
    {"pause", {"Pause", {{PAUSE}}}},
    {"ctrl-ctrl", {"both Ctrl", {{LEFT_CTRL}, {RIGHT_CTRL}}}},
    {"alt-alt", {"both Alt", {{LEFT_ALT}, {RIGHT_ALT}}}},
    {"shift-shift", {"both Shift", {{LEFT_SHIFT}, {RIGHT_SHIFT}}}},
    {"meta-meta", {"both Super", {{LEFT_META}, {RIGHT_META}}}},
    {"ctrl-scrolllock", {"Ctrl and Scroll Lock", {{LEFT_CTRL, RIGHT_CTRL}, {SCROLL_LOCK}}}},
};

#define FALLBACKS 4u /* the first entries of the table, in their order */

bool toggle_key_parse(const char *name, struct toggle_key *toggle) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i].name, name) == 0) {
      *toggle = names[i].toggle;
      return true;
    }
  }
  int index = keymap_find_qcode(name);
  if (index < 0 || keymap_at((size_t)index)->page != KEYMAP_PAGE_KEYBOARD)
    return false;
  *toggle = (struct toggle_key){.keys = {{keymap_at((size_t)index)->usage}}};
  snprintf(toggle->label, sizeof toggle->label, "%s", name);
  return true;
}

bool toggle_key_present(const struct toggle_key *toggle, toggle_key_has has_key, void *user_data) {
  for (unsigned i = 0; i < 2; i++) {
    const uint16_t *places = toggle->keys[i];
    if (places[0] && !has_key(places[0], user_data) && !(places[1] && has_key(places[1], user_data)))
      return false;
  }
  return true;
}

void toggle_key_choose(toggle_key_has has_key, void *user_data, struct toggle_key *toggle) {
  unsigned i = 0;
  while (i < FALLBACKS && !toggle_key_present(&names[i].toggle, has_key, user_data))
    i++;
  *toggle = names[i < FALLBACKS ? i : 0].toggle;
}
