/* What is down in the guest, in memory that outlives whoever pressed it: a memfd of transom-serve's, which the viewer marks and the server
 * reads (by pread(2)) when the viewer is gone or stopped. One writer. Data plane: no system call. */
#ifndef TRANSOM_HOST_DEVICES_HELD_KEYS_H
#define TRANSOM_HOST_DEVICES_HELD_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One bit a usage: pages 0x07 (256), 0x01 (256), 0x0c (1024), 0x09 (64), in this order. */
#define HELD_KEYS_BITS 1600
#define HELD_KEYS_WORDS (HELD_KEYS_BITS / 64)

struct held_keys {
  _Atomic uint64_t words[HELD_KEYS_WORDS];
};

struct held_keys_range {
  uint16_t page, usages; /* 0 .. usages-1 */
  uint16_t first_bit;
};

static const struct held_keys_range held_keys_ranges[] = {{0x07, 256, 0}, {0x01, 256, 256}, {0x0c, 1024, 512}, {0x09, 64, 1536}};
#define HELD_KEYS_RANGES (sizeof held_keys_ranges / sizeof *held_keys_ranges)

/* -1: nothing that can be held. */
static inline int held_keys_bit(uint16_t page, uint16_t usage) {
  for (size_t i = 0; i < HELD_KEYS_RANGES; i++)
    if (held_keys_ranges[i].page == page && usage < held_keys_ranges[i].usages)
      return held_keys_ranges[i].first_bit + usage;
  return -1;
}

/* Relaxed: the system call that sends the key comes after it in any case, and so does whoever reads. */
static inline void held_keys_put(struct held_keys *keys, uint16_t page, uint16_t usage, bool down) {
  const int bit = held_keys_bit(page, usage);
  if (bit < 0)
    return;
  const uint64_t mask = UINT64_C(1) << (bit % 64);
  const uint64_t word = atomic_load_explicit(&keys->words[bit / 64], memory_order_relaxed);
  atomic_store_explicit(&keys->words[bit / 64], down ? word | mask : word & ~mask, memory_order_relaxed);
}

/* The first usage that is down at or after `*bit`, which moves behind it. False: none. */
static inline bool held_keys_next(const struct held_keys *keys, int *bit, uint16_t *page, uint16_t *usage) {
  for (; *bit < HELD_KEYS_BITS; ++*bit) {
    if (!(atomic_load_explicit(&keys->words[*bit / 64], memory_order_relaxed) >> (*bit % 64) & 1))
      continue;
    size_t i = HELD_KEYS_RANGES - 1;
    while (held_keys_ranges[i].first_bit > *bit || *bit >= held_keys_ranges[i].first_bit + held_keys_ranges[i].usages)
      i--;
    *page = held_keys_ranges[i].page;
    *usage = (uint16_t)(*bit - held_keys_ranges[i].first_bit);
    ++*bit;
    return true;
  }
  return false;
}

#endif
