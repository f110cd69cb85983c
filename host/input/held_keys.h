/* A small set of keys and buttons that are down, in the order of their presses. Plain values, one thread at a time; data plane. */
#ifndef TRANSOM_HOST_INPUT_HELD_KEYS_H
#define TRANSOM_HOST_INPUT_HELD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Ten fingers, two hands on two devices, and keyboards that lie about all of theirs: more than these are not taken. */
#define HELD_KEYS_MAX 64u

struct held_key {
  uint16_t page, usage;
};

struct held_keys {
  struct held_key keys[HELD_KEYS_MAX];
  unsigned count;
};

bool held_keys_has(const struct held_keys *held, uint16_t page, uint16_t usage);
bool held_keys_add(struct held_keys *held, uint16_t page, uint16_t usage);    /* false: it is in there already, or there is no room */
bool held_keys_remove(struct held_keys *held, uint16_t page, uint16_t usage); /* false: it was not in there */

#endif
