#include "host/present/feedback/feedback_clock.h"

#include "common/clock.h"

#define READ_APART_NS UINT64_C(20000)
#define READ_TRIES 4u

static uint64_t ns_of(const struct timespec *time) { return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec; }

bool feedback_clock_resolution(clockid_t clock, uint64_t *resolution_ns) {
  struct timespec resolution;
  if (clock_getres(clock, &resolution) != 0)
    return false;
  *resolution_ns = ns_of(&resolution);
  return true;
}

uint64_t feedback_clock_to_raw(clockid_t clock, uint64_t told_ns) {
  struct timespec theirs;
  uint64_t before_ns = 0, after_ns = UINT64_MAX;
  for (unsigned i = 0; i < READ_TRIES && after_ns - before_ns > READ_APART_NS; i++) {
    before_ns = clock_raw_ns();
    if (clock_gettime(clock, &theirs) != 0)
      return 0;
    after_ns = clock_raw_ns();
  }
  return told_ns + (before_ns + (after_ns - before_ns) / 2 - ns_of(&theirs));
}
