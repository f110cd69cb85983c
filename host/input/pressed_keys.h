/* A small set of keys and buttons that are down, in the order of their presses. Plain values, one thread at a time; data plane. */
#ifndef TRANSOM_HOST_INPUT_PRESSED_KEYS_H
#define TRANSOM_HOST_INPUT_PRESSED_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Ten fingers, two hands on two devices, and keyboards that lie about all of theirs: more than these are not taken. */
#define PRESSED_KEYS_MAX 64u

struct pressed_key {
  uint16_t page, usage;
};

struct pressed_keys {
  struct pressed_key keys[PRESSED_KEYS_MAX];
  unsigned count;
};

bool pressed_keys_has(const struct pressed_keys *held, uint16_t page, uint16_t usage);
bool pressed_keys_add(struct pressed_keys *held, uint16_t page, uint16_t usage);    /* false: it is in there already, or there is no room */
bool pressed_keys_remove(struct pressed_keys *held, uint16_t page, uint16_t usage); /* false: it was not in there */

#endif
