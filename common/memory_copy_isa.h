/* One implementation of the copies; private to memory_copy*.c and its tests. Each sits in a file of its own, compiled for its instruction
 * set, and may be called only where the CPU has it. */
#ifndef TRANSOM_COMMON_MEMORY_COPY_ISA_H
#define TRANSOM_COMMON_MEMORY_COPY_ISA_H

#include <stdbool.h>
#include <stddef.h>

struct memory_copy_isa {
  const char *name;
  bool (*supported)(void);
  void (*stream)(void *to, const void *from, size_t bytes);
  void (*load)(void *to, const void *from, size_t bytes);
};

extern const struct memory_copy_isa memory_copy_c;
extern const struct memory_copy_isa memory_copy_sse2;
extern const struct memory_copy_isa memory_copy_sse41;
extern const struct memory_copy_isa memory_copy_avx2;

#endif
