/* A small seeded generator (splitmix64): the same seed gives the same run, as far as the scheduler allows. */
#ifndef TRANSOM_TESTS_SUPPORT_TEST_RANDOM_H
#define TRANSOM_TESTS_SUPPORT_TEST_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct test_random {
  uint64_t state;
};

static inline uint64_t test_random_mix(uint64_t value) {
  value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
  return value ^ value >> 31;
}

static inline uint64_t test_random_next(struct test_random *random) {
  random->state += UINT64_C(0x9e3779b97f4a7c15);
  return test_random_mix(random->state);
}

/* 0 .. bound-1; bound > 0. */
static inline uint32_t test_random_below(struct test_random *random, uint32_t bound) {
  return (uint32_t)(test_random_next(random) % bound);
}

static inline bool test_random_one_in(struct test_random *random, uint32_t n) { return n != 0 && test_random_below(random, n) == 0; }

#endif
