/* The real publisher and consumers on simulated memory: small worlds that run once per seed and count what must never happen. */
#ifndef TRANSOM_TESTS_MEMORY_ORDER_SCENARIOS_H
#define TRANSOM_TESTS_MEMORY_ORDER_SCENARIOS_H

#include <stdint.h>

enum violation {
  VIOLATION_TORN_RECORD,  /* a record was accepted that nobody wrote, or an honest one was refused for good */
  VIOLATION_TORN_PIXELS,  /* a picture was found intact that is not the one announced */
  VIOLATION_HELD_SLOT,    /* the publisher claimed a slot that a consumer holds */
  VIOLATION_LOST_WAKE_UP, /* everybody sleeps, and there is a frame that a consumer has not seen */
  VIOLATION_LATE,         /* the publisher is idle, and what it published is not to be seen */
  VIOLATION_STUCK,        /* the run did not come to its end */
  VIOLATION_COUNT
};

struct scenario_result {
  uint64_t violations[VIOLATION_COUNT];
  uint64_t checked; /* pictures, records or wake-ups that were looked at: the run was not empty */
  uint64_t dropped; /* pictures that moved while they were read, and were found out */
};

struct scenario {
  const char *name;
  void (*run)(uint64_t seed, uint32_t fences_off, struct scenario_result *result);
};

extern const struct scenario memory_order_scenarios[];
extern const uint32_t memory_order_scenario_count;

#endif
