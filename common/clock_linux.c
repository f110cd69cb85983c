#include "common/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_raw_ns(void) { return read_ns(CLOCK_MONOTONIC_RAW); }

uint64_t clock_monotonic_ns(void) { return read_ns(CLOCK_MONOTONIC); }
