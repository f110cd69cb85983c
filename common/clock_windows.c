#include "common/clock.h"

#include <windows.h>

/* Whole seconds and the rest apart: ticks * 1e9 would overflow after 15 minutes at 10 MHz. */
uint64_t clock_raw_ns(void) {
  LARGE_INTEGER frequency, ticks;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&ticks);
  const uint64_t hertz = (uint64_t)frequency.QuadPart, count = (uint64_t)ticks.QuadPart;
  return count / hertz * UINT64_C(1000000000) + count % hertz * UINT64_C(1000000000) / hertz;
}

uint64_t clock_monotonic_ns(void) { return clock_raw_ns(); }
