#include "host/input/held_keys.h"

static unsigned find(const struct held_keys *held, uint16_t page, uint16_t usage) {
  unsigned i = 0;
  while (i < held->count && (held->keys[i].page != page || held->keys[i].usage != usage))
    i++;
  return i;
}

bool held_keys_has(const struct held_keys *held, uint16_t page, uint16_t usage) { return find(held, page, usage) < held->count; }

bool held_keys_add(struct held_keys *held, uint16_t page, uint16_t usage) {
  if (held->count == HELD_KEYS_MAX || held_keys_has(held, page, usage))
    return false;
  held->keys[held->count++] = (struct held_key){page, usage};
  return true;
}

bool held_keys_remove(struct held_keys *held, uint16_t page, uint16_t usage) {
  unsigned i = find(held, page, usage);
  if (i == held->count)
    return false;
  for (held->count--; i < held->count; i++)
    held->keys[i] = held->keys[i + 1];
  return true;
}
