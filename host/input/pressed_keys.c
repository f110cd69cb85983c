#include "host/input/pressed_keys.h"

static unsigned find(const struct pressed_keys *held, uint16_t page, uint16_t usage) {
  unsigned i = 0;
  while (i < held->count && (held->keys[i].page != page || held->keys[i].usage != usage))
    i++;
  return i;
}

bool pressed_keys_has(const struct pressed_keys *held, uint16_t page, uint16_t usage) { return find(held, page, usage) < held->count; }

bool pressed_keys_add(struct pressed_keys *held, uint16_t page, uint16_t usage) {
  if (held->count == PRESSED_KEYS_MAX || pressed_keys_has(held, page, usage))
    return false;
  held->keys[held->count++] = (struct pressed_key){page, usage};
  return true;
}

bool pressed_keys_remove(struct pressed_keys *held, uint16_t page, uint16_t usage) {
  unsigned i = find(held, page, usage);
  if (i == held->count)
    return false;
  for (held->count--; i < held->count; i++)
    held->keys[i] = held->keys[i + 1];
  return true;
}
