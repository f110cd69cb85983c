/* Every access to shared memory, and the only place with compiler or CPU differences.
 *
 * The two sides of a region run on the same x86-64 cores, but the guest's mapping may be write-combining: there a plain
 * release store is ordered behind nothing that went before it, and may stay in a buffer for as long as the CPU likes.
 * So a store that publishes is wire_publish(): store fence, store, store fence. Stores are release and loads are acquire besides,
 * which costs nothing on x86 and tells compilers and ThreadSanitizer what we mean.
 *
 * No read-modify-write, ever: a locked instruction on a device mapping is undefined on some hosts, and no protocol rule needs one.
 *
 * Each fence carries its name (enum wire_fence). The name costs nothing here; under WIRE_SIMULATED_MEMORY the same code runs on a
 * store buffer that delays and reorders until fenced, and a test removes each name in turn and must then fail. */
#ifndef TRANSOM_PROTOCOL_ATOMICS_H
#define TRANSOM_PROTOCOL_ATOMICS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* PUBLISH_*_BEFORE/AFTER: the two halves of wire_publish(). The rest are named after the race that they decide (docs/protocol.md). */
enum wire_fence {
  WIRE_FENCE_PUBLISH_BEFORE, /* the data precedes the word that announces it */
  WIRE_FENCE_PUBLISH_AFTER,  /* the word leaves the write-combining buffer now, not at leisure */
  WIRE_FENCE_RECORD_OPEN,    /* sequence_first precedes the record's body */
  WIRE_FENCE_RECORD_CLOSE,   /* the record's body precedes sequence_last */
  WIRE_FENCE_RECORD_READ,    /* the reader's copy of the body precedes its look at sequence_first */
  WIRE_FENCE_PIXELS_READ,    /* the reader's copy of the pixels precedes its check that the slot did not move */
  WIRE_FENCE_HOLD,           /* consumer: my hold, then the newest word again */
  WIRE_FENCE_NEWEST,         /* publisher: the newest word, then everybody's holds */
  WIRE_FENCE_ARM,            /* consumer: my armed token, then the newest word again */
  WIRE_FENCE_SIGNAL,         /* publisher: the newest word, then everybody's armed tokens */
  WIRE_FENCE_EPOCH_CLEAR,    /* "no epoch" precedes the first byte of a new format */
  WIRE_FENCE_COUNT
};

#ifdef WIRE_SIMULATED_MEMORY
#include "simulated_memory.h" /* tests/support: the same names on a simulated store buffer */
#else

/* Records are written and read as words, whatever fields lie in them: compilers must not assume that these alias nothing else. */
typedef uint32_t __attribute__((__may_alias__)) wire_word32;
typedef uint64_t __attribute__((__may_alias__)) wire_word64;

static inline uint32_t wire_load32(const volatile uint32_t *from) {
  return __atomic_load_n((const volatile wire_word32 *)from, __ATOMIC_ACQUIRE);
}
static inline uint64_t wire_load64(const volatile uint64_t *from) {
  return __atomic_load_n((const volatile wire_word64 *)from, __ATOMIC_ACQUIRE);
}
static inline void wire_store32(volatile uint32_t *to, uint32_t value) {
  __atomic_store_n((volatile wire_word32 *)to, value, __ATOMIC_RELEASE);
}
static inline void wire_store64(volatile uint64_t *to, uint64_t value) {
  __atomic_store_n((volatile wire_word64 *)to, value, __ATOMIC_RELEASE);
}

/* Words of a record's body: ordered by the fences around the record only. */
static inline uint64_t wire_load_body64(const volatile uint64_t *from) {
  return __atomic_load_n((const volatile wire_word64 *)from, __ATOMIC_RELAXED);
}
static inline void wire_store_body64(volatile uint64_t *to, uint64_t value) {
  __atomic_store_n((volatile wire_word64 *)to, value, __ATOMIC_RELAXED);
}

#if defined(__x86_64__) || defined(__i386__)
static inline void wire_cpu_fence_store(void) { __builtin_ia32_sfence(); }
static inline void wire_cpu_fence_load(void) { __builtin_ia32_lfence(); }
static inline void wire_cpu_fence_full(void) { __builtin_ia32_mfence(); }
#else
static inline void wire_cpu_fence_store(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void wire_cpu_fence_load(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void wire_cpu_fence_full(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#endif

/* Orders earlier stores before later stores, write-combining and non-temporal ones included. */
static inline void wire_fence_store(enum wire_fence name) {
  (void)name;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  wire_cpu_fence_store();
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Orders earlier loads before later loads, streaming loads from write-combining memory included. */
static inline void wire_fence_load(enum wire_fence name) {
  (void)name;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  wire_cpu_fence_load();
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Orders everything, above all an earlier store before a later load. */
static inline void wire_fence_full(enum wire_fence name) {
  (void)name;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  wire_cpu_fence_full();
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif /* WIRE_SIMULATED_MEMORY */

/* The store that makes earlier stores findable: whoever loads `value` also sees all that was stored before. */
static inline void wire_publish32(volatile uint32_t *to, uint32_t value) {
  wire_fence_store(WIRE_FENCE_PUBLISH_BEFORE);
  wire_store32(to, value);
  wire_fence_store(WIRE_FENCE_PUBLISH_AFTER);
}

static inline void wire_publish64(volatile uint64_t *to, uint64_t value) {
  wire_fence_store(WIRE_FENCE_PUBLISH_BEFORE);
  wire_store64(to, value);
  wire_fence_store(WIRE_FENCE_PUBLISH_AFTER);
}

/* Copies a record word by word, in no order of its own; both addresses and the size are multiples of 8. Not for pixels. */
static inline void wire_read(void *to, const volatile void *from, size_t bytes) {
  const volatile uint64_t *in = (const volatile uint64_t *)from;
  for (size_t i = 0; i < bytes / 8; i++) {
    uint64_t word = wire_load_body64(&in[i]);
    memcpy((uint8_t *)to + i * 8, &word, 8);
  }
}

static inline void wire_write(volatile void *to, const void *from, size_t bytes) {
  volatile uint64_t *out = (volatile uint64_t *)to;
  for (size_t i = 0; i < bytes / 8; i++) {
    uint64_t word;
    memcpy(&word, (const uint8_t *)from + i * 8, 8);
    wire_store_body64(&out[i], word);
  }
}

#endif
