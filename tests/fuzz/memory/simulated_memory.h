/* Shared memory whose other side writes between any two of our loads: what protocol/atomics.h is built on in the fuzz targets.
 * A scheduled patch lands after a chosen number of loads, so that a value which is checked once and read twice is a finding that repeats.
 */
#ifndef TRANSOM_TESTS_FUZZ_MEMORY_SIMULATED_MEMORY_H
#define TRANSOM_TESTS_FUZZ_MEMORY_SIMULATED_MEMORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
void fuzz_memory_tick(void); /* fuzz_region.c */
#ifdef __cplusplus
}
#endif

static inline uint32_t wire_load32(const volatile uint32_t *from) {
  fuzz_memory_tick();
  return *from;
}
static inline uint64_t wire_load64(const volatile uint64_t *from) {
  fuzz_memory_tick();
  return *from;
}
static inline void wire_store32(volatile uint32_t *to, uint32_t value) { *to = value; }
static inline void wire_store64(volatile uint64_t *to, uint64_t value) { *to = value; }
static inline uint64_t wire_load_body64(const volatile uint64_t *from) { return wire_load64(from); }
static inline void wire_store_body64(volatile uint64_t *to, uint64_t value) { *to = value; }
static inline void wire_fence_store(enum wire_fence name) { (void)name; }
static inline void wire_fence_load(enum wire_fence name) { (void)name; }
static inline void wire_fence_full(enum wire_fence name) { (void)name; }

#endif
