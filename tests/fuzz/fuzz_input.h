/* Takes an input apart, from the front; reads as 0 beyond its end. */
#ifndef TRANSOM_TESTS_FUZZ_FUZZ_INPUT_H
#define TRANSOM_TESTS_FUZZ_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What libFuzzer calls, and replay_main.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct fuzz_input {
  const uint8_t *data;
  size_t bytes;
};

static inline bool fuzz_input_is_empty(const struct fuzz_input *input) { return input->bytes == 0; }

static inline uint64_t fuzz_input_take(struct fuzz_input *input, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes && input->bytes > 0; i++, input->data++, input->bytes--)
    value |= (uint64_t)*input->data << (8 * i);
  return value;
}

static inline uint8_t fuzz_input_u8(struct fuzz_input *input) { return (uint8_t)fuzz_input_take(input, 1); }
static inline uint16_t fuzz_input_u16(struct fuzz_input *input) { return (uint16_t)fuzz_input_take(input, 2); }
static inline uint32_t fuzz_input_u32(struct fuzz_input *input) { return (uint32_t)fuzz_input_take(input, 4); }

/* The oracle: a finding even where nothing crashes. */
static inline void fuzz_require(bool condition) {
  if (!condition)
    abort();
}

#endif
