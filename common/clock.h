/* Clocks. All in nanoseconds as uint64_t. Any thread; data plane. */
#ifndef TRANSOM_COMMON_CLOCK_H
#define TRANSOM_COMMON_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC_RAW (QueryPerformanceCounter on Windows): not slewed by NTP. Frame stamps and clock correlation use this one. */
uint64_t clock_raw_ns(void);

/* CLOCK_MONOTONIC: timers and time-outs. */
uint64_t clock_monotonic_ns(void);

#endif
