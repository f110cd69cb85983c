#include "protocol/record.h"

#include "protocol/atomics.h"

#include <assert.h>
#include <string.h>

void record_write(volatile void *to, const void *record, size_t bytes, uint64_t sequence) {
  assert(bytes >= 16 && bytes % 8 == 0);
  volatile uint64_t *words = (volatile uint64_t *)to;
  wire_store64(&words[0], sequence);
  wire_fence_store(WIRE_FENCE_RECORD_OPEN);
  wire_write(&words[1], (const uint8_t *)record + 8, bytes - 16);
  wire_fence_store(WIRE_FENCE_RECORD_CLOSE);
  wire_store64(&words[bytes / 8 - 1], sequence);
}

bool record_read(void *copy, size_t copy_bytes, const volatile void *from, size_t wire_bytes) {
  assert(copy_bytes >= 16 && copy_bytes % 8 == 0);
  assert(wire_bytes >= 16 && wire_bytes % 8 == 0 && wire_bytes <= TRANSOM_RECORD_BYTES_MAX);
  const volatile uint64_t *words = (const volatile uint64_t *)from;
  uint8_t *out = (uint8_t *)copy;
  size_t body_bytes = (wire_bytes < copy_bytes ? wire_bytes : copy_bytes) - 16;

  uint64_t last = wire_load64(&words[wire_bytes / 8 - 1]);
  wire_read(out + 8, &words[1], body_bytes);
  wire_fence_load(WIRE_FENCE_RECORD_READ);
  uint64_t first = wire_load64(&words[0]);

  memset(out + 8 + body_bytes, 0, copy_bytes - 16 - body_bytes);
  memcpy(out, &first, 8);
  memcpy(out + copy_bytes - 8, &last, 8);
  return first == last;
}
