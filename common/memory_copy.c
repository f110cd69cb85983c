#include "common/memory_copy.h"

#include "common/memory_copy_isa.h"

#include <string.h>

static bool always(void) { return true; }
static void copy_plain(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }

/* The reference: what the others must equal. */
const struct memory_copy_isa memory_copy_c = {"c", always, copy_plain, copy_plain};

static const struct memory_copy_isa *chosen = &memory_copy_c; /* written once, by memory_copy_init() */

void memory_copy_init(void) {
  static const struct memory_copy_isa *const best_first[] = {
#if defined(__x86_64__)
    &memory_copy_avx2,
    &memory_copy_sse41,
    &memory_copy_sse2,
#endif
    &memory_copy_c
  };
  for (size_t i = 0; i < sizeof best_first / sizeof best_first[0]; i++) {
    if (best_first[i]->supported()) {
      chosen = best_first[i];
      return;
    }
  }
}

void memory_copy_stream(void *to, const void *from, size_t bytes) { chosen->stream(to, from, bytes); }

void memory_copy_load(void *to, const void *from, size_t bytes) { chosen->load(to, from, bytes); }

void memory_copy_rows_stream(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t row_bytes, size_t rows) {
  if (row_bytes == to_pitch && row_bytes == from_pitch) {
    chosen->stream(to, from, row_bytes * rows);
    return;
  }
  for (size_t row = 0; row < rows; row++)
    chosen->stream((char *)to + row * to_pitch, (const char *)from + row * from_pitch, row_bytes);
}

const char *memory_copy_name(void) { return chosen->name; }
