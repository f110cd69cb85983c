/* What protocol/atomics.h becomes under WIRE_SIMULATED_MEMORY with counted_memory.c in place of simulated_memory.c: the real memory, and a
 * count of the calling process's accesses to it. Pixels are not counted. One thread. */
#ifndef TRANSOM_TESTS_SUPPORT_COUNTED_MEMORY_H
#define TRANSOM_TESTS_SUPPORT_COUNTED_MEMORY_H

#include <stdint.h>

uint64_t counted_memory_steps(void); /* loads and stores since the start; fences are none */

#endif
