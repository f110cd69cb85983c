/* How test actors move pixels: as the product does (streaming instructions), or by relaxed atomic words, which is what threads on one
 * mapping need to be free of data races in the language's sense, so that ThreadSanitizer's silence means something. */
#ifndef TRANSOM_TESTS_SUPPORT_PIXEL_COPY_H
#define TRANSOM_TESTS_SUPPORT_PIXEL_COPY_H

#include "common/memory_copy.h"

#include <stddef.h>
#include <stdint.h>

typedef void (*pixel_copy)(void *to, const void *from, size_t bytes);

/* Both sides 8-byte aligned, bytes a multiple of 8. */
static inline void pixel_copy_relaxed(void *to, const void *from, size_t bytes) {
  uint64_t *out = to;
  const uint64_t *in = from;
  for (size_t i = 0; i < bytes / 8; i++)
    __atomic_store_n(&out[i], __atomic_load_n(&in[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

#endif
