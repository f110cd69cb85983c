/* The guest of a benchmark, without a VM: publishes frames with stamps of this host's CLOCK_MONOTONIC_RAW and rings who is armed. */
#ifndef TRANSOM_TESTS_BENCH_BENCH_GUEST_H
#define TRANSOM_TESTS_BENCH_BENCH_GUEST_H

#include <stdbool.h>
#include <stdint.h>

struct bench_guest_options {
  const char *socket_path;
  uint32_t width, height;
  uint32_t band_rows; /* 0 = one band */
  bool full_damage;   /* else 64 x 64 pixels */
  uint32_t period_min_us, period_max_us;
};

/* Publishes until it is killed. */
_Noreturn void bench_guest_run(const struct bench_guest_options *options);

#endif
