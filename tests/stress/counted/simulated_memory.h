/* What protocol/atomics.h becomes for the frame stress: the real accesses, each of them counted. So "publishing never waits" is a number:
 * no publish makes more accesses and fences than its fixed number, whatever its consumers do or where they stand still. */
#ifndef TRANSOM_TESTS_STRESS_COUNTED_SIMULATED_MEMORY_H
#define TRANSOM_TESTS_STRESS_COUNTED_SIMULATED_MEMORY_H

#include "stress/counted/counted_steps.h"

/* enum wire_fence is declared by atomics.h before it includes this header. */

static inline uint32_t wire_load32(const volatile uint32_t *from) {
  counted_steps++;
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}
static inline uint64_t wire_load64(const volatile uint64_t *from) {
  counted_steps++;
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}
static inline void wire_store32(volatile uint32_t *to, uint32_t value) {
  counted_steps++;
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}
static inline void wire_store64(volatile uint64_t *to, uint64_t value) {
  counted_steps++;
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

typedef uint64_t __attribute__((__may_alias__)) counted_word64;

static inline uint64_t wire_load_body64(const volatile uint64_t *from) {
  counted_steps++;
  return __atomic_load_n((const volatile counted_word64 *)from, __ATOMIC_RELAXED);
}
static inline void wire_store_body64(volatile uint64_t *to, uint64_t value) {
  counted_steps++;
  __atomic_store_n((volatile counted_word64 *)to, value, __ATOMIC_RELAXED);
}

/* Stronger than each needs: what is tested here are steps, and the fences' own tests are elsewhere (tests/unit/test_memory_order.c). */
static inline void counted_fence(enum wire_fence name) {
  (void)name;
  counted_steps++;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  __builtin_ia32_mfence(); /* non-temporal stores too */
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
static inline void wire_fence_store(enum wire_fence name) { counted_fence(name); }
static inline void wire_fence_load(enum wire_fence name) { counted_fence(name); }
static inline void wire_fence_full(enum wire_fence name) { counted_fence(name); }

#endif
