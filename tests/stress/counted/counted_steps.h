/* The counter behind simulated_memory.h, for whoever looks at it. */
#ifndef TRANSOM_TESTS_STRESS_COUNTED_COUNTED_STEPS_H
#define TRANSOM_TESTS_STRESS_COUNTED_COUNTED_STEPS_H

#include <stdint.h>

/* Accesses to the region, and fences, that the counted protocol has made on this thread. */
extern _Thread_local uint64_t counted_steps;

#endif
