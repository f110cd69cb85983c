#include "protocol/atomics.h"

#include "counted_memory.h"

static uint64_t steps;

uint64_t counted_memory_steps(void) { return steps; }

uint32_t wire_load32(const volatile uint32_t *from) {
  steps++;
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

uint64_t wire_load64(const volatile uint64_t *from) {
  steps++;
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

void wire_store32(volatile uint32_t *to, uint32_t value) {
  steps++;
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

void wire_store64(volatile uint64_t *to, uint64_t value) {
  steps++;
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

uint64_t wire_load_body64(const volatile uint64_t *from) {
  steps++;
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}

void wire_store_body64(volatile uint64_t *to, uint64_t value) {
  steps++;
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

void wire_fence_store(enum wire_fence name) {
  (void)name;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wire_fence_load(enum wire_fence name) {
  (void)name;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wire_fence_full(enum wire_fence name) {
  (void)name;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
