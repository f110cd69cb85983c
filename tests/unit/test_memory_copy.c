#include "common/memory_copy.h"
#include "common/memory_copy_isa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 4096
#define GUARD 64

struct buffers {
  _Alignas(64) uint8_t from[BYTES + 2 * GUARD], to[BYTES + 2 * GUARD], expected[BYTES + 2 * GUARD];
};

static void fill(struct buffers *buffers) {
  for (size_t i = 0; i < sizeof buffers->from; i++) {
    buffers->from[i] = (uint8_t)(i * 131 + 7);
    buffers->to[i] = buffers->expected[i] = 0xee;
  }
}

static void equals_reference(void (*copy)(void *, const void *, size_t), size_t to, size_t from, size_t bytes) {
  static struct buffers buffers;
  fill(&buffers);
  copy(buffers.to + to, buffers.from + from, bytes);
  memory_copy_c.stream(buffers.expected + to, buffers.from + from, bytes);
  assert_memory_equal(buffers.to, buffers.expected, sizeof buffers.to);
}

static void every_size_and_alignment(const struct memory_copy_isa *isa) {
  if (!isa->supported())
    return;
  for (size_t alignment = 0; alignment < 40; alignment++) {
    for (size_t bytes = 0; bytes < 400; bytes += alignment % 8 == 1 ? 1 : 13) {
      equals_reference(isa->stream, alignment, 3, bytes);
      equals_reference(isa->stream, 0, alignment, bytes);
      equals_reference(isa->load, 5, alignment, bytes);
      equals_reference(isa->load, alignment, 0, bytes);
    }
    equals_reference(isa->stream, alignment, 40 - alignment, BYTES);
    equals_reference(isa->load, alignment, 40 - alignment, BYTES);
  }
}

static void all_equal_the_reference(void **state) {
  (void)state;
  every_size_and_alignment(&memory_copy_c);
#if defined(__x86_64__)
  every_size_and_alignment(&memory_copy_sse2);
  every_size_and_alignment(&memory_copy_sse41);
  every_size_and_alignment(&memory_copy_avx2);
#endif
}

static void rows_leave_the_rest_alone(void **state) {
  (void)state;
  uint8_t from[8 * 16], to[8 * 32];
  memset(to, 0xee, sizeof to);
  for (size_t i = 0; i < sizeof from; i++)
    from[i] = (uint8_t)i;
  memory_copy_rows_stream(to + 4, 32, from, 16, 10, 8);
  for (size_t i = 0; i < sizeof to; i++) {
    const size_t row = i / 32, column = i % 32;
    assert_int_equal(to[i], column >= 4 && column < 14 ? row * 16 + column - 4 : 0xee);
  }
  memory_copy_rows_stream(to, 16, from, 16, 16, 8);
  assert_memory_equal(to, from, sizeof from);
}

static void init_chooses_what_the_cpu_has(void **state) {
  (void)state;
  assert_string_equal(memory_copy_name(), "c");
  memory_copy_init();
#if defined(__x86_64__)
  assert_string_not_equal(memory_copy_name(), "c");
#endif
  char to[100] = "", from[100] = "copied";
  memory_copy_stream(to, from, sizeof to);
  memory_copy_load(from, to, sizeof to);
  assert_string_equal(from, "copied");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_equal_the_reference),
      cmocka_unit_test(rows_leave_the_rest_alone),
      cmocka_unit_test(init_chooses_what_the_cpu_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
