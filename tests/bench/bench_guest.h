/* The guest of a benchmark, without a VM: publishes frames with stamps of this host's CLOCK_MONOTONIC_RAW and rings who is armed. */
#ifndef TRANSOM_TESTS_BENCH_BENCH_GUEST_H
#define TRANSOM_TESTS_BENCH_BENCH_GUEST_H

#include <stdbool.h>
#include <stdint.h>

struct bench_guest_options {
  const char *socket_path;
  uint32_t width, height;
  uint32_t band_rows;                    /* 0 = one band */
  uint32_t damage_percent;               /* rows of so much of the picture; 0 = 64 x 64 pixels */
  uint32_t rate_hz;                      /* at each tick of a display of this rate; 0 = the pauses below between frames */
  uint32_t jitter_us;                    /* up to so long after the tick */
  uint32_t period_min_us, period_max_us; /* random pauses */
};

/* Publishes until `*stop` (NULL: until it is killed). A tick that comes while a frame is still being copied is lost. Then writes one line
 * of JSON to stdout: published, skipped (no slot was free), late (ticks lost) and elapsed_s. */
void bench_guest_run(const struct bench_guest_options *options, const volatile bool *stop);

#endif
