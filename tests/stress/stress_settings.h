/* How long a stress run is, and its seed. TRANSOM_LONG=1: the full count; otherwise a hundredth, at least 10.
 * TRANSOM_SEED=N repeats a run, as far as the scheduler allows; both are printed. */
#ifndef TRANSOM_TESTS_STRESS_STRESS_SETTINGS_H
#define TRANSOM_TESTS_STRESS_STRESS_SETTINGS_H

#include "common/random.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint64_t stress_count(uint64_t full) {
  const char *value = getenv("TRANSOM_LONG");
  if (value && value[0] == '1')
    return full;
  return full / 100 > 10 ? full / 100 : 10;
}

static inline uint64_t stress_seed(void) {
  const char *value = getenv("TRANSOM_SEED");
  const uint64_t seed = value ? strtoull(value, NULL, 0) : random_nonzero32();
  printf("seed %llu\n", (unsigned long long)seed);
  fflush(stdout);
  return seed;
}

/* Nothing in these tests takes this long: waiting longer means that something was lost. */
#define STRESS_LOST_MS 60000

#endif
