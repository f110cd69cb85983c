/* The keys that change between captured and released: names for the config file and the screen. Pure; any thread. */
#ifndef TRANSOM_HOST_INPUT_TOGGLE_KEY_H
#define TRANSOM_HOST_INPUT_TOGGLE_KEY_H

#include <stdbool.h>
#include <stdint.h>

/* One key, or two at once; each may have two places on the keyboard (either Ctrl). Usages of page 7; 0 = none. */
struct toggle_key {
  char label[24]; /* "Right Ctrl" */
  uint16_t keys[2][2];
};

/* "right-ctrl", libvirt's grabToggle names (ctrl-ctrl, alt-alt, shift-shift, meta-meta, scrolllock, ctrl-scrolllock), or any of QEMU's key
 * names (f12, pause). False: no such key. */
bool toggle_key_parse(const char *name, struct toggle_key *toggle);

/* Whether the keyboard has what `toggle` needs. */
typedef bool (*toggle_key_has)(uint16_t usage, void *user_data);
bool toggle_key_present(const struct toggle_key *toggle, toggle_key_has has_key, void *user_data);

/* The first of Right Ctrl, Scroll Lock, Pause, both Ctrl that the keyboard has; Right Ctrl if it has none. */
void toggle_key_choose(toggle_key_has has_key, void *user_data, struct toggle_key *toggle);

#endif
