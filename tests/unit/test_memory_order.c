/* Every fence of the frame queue is there, and every one is needed.
 *
 * The publisher's and the consumers' real code runs on simulated memory (tests/support/simulated_memory.h) for many seeds. With all fences
 * nothing may go wrong; with any single one taken away, something must: a fence that could go unnoticed would be one that we cannot
 * explain. TRANSOM_LONG=1 runs fifty times as many seeds (minutes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_order_scenarios.h"
#include "protocol/atomics.h"

#include <stdio.h>
#include <stdlib.h>

#define SEEDS 600u              /* per scenario, all fences on */
#define SEEDS_UNTIL_FOUND 6000u /* per fence and scenario: a violation is found long before */

static const char *const violation_names[VIOLATION_COUNT] = {"torn record",  "torn pixels",           "held slot written",
                                                             "lost wake-up", "late after going idle", "stuck"};

struct fence_case {
  enum wire_fence fence;
  const char *name;
  const char *scenario; /* where its absence shows */
};

static const struct fence_case fence_cases[] = {
    {WIRE_FENCE_PUBLISH_BEFORE, "PUBLISH_BEFORE", "frames"},
    {WIRE_FENCE_PUBLISH_AFTER, "PUBLISH_AFTER", "idle"},
    {WIRE_FENCE_RECORD_OPEN, "RECORD_OPEN", "record"},
    {WIRE_FENCE_RECORD_CLOSE, "RECORD_CLOSE", "record"},
    {WIRE_FENCE_RECORD_READ, "RECORD_READ", "record"},
    {WIRE_FENCE_PIXELS_READ, "PIXELS_READ", "frames"},
    {WIRE_FENCE_HOLD, "HOLD", "frames"},
    {WIRE_FENCE_NEWEST, "NEWEST", "frames"},
    {WIRE_FENCE_ARM, "ARM", "bells"},
    {WIRE_FENCE_SIGNAL, "SIGNAL", "bells"},
    {WIRE_FENCE_EPOCH_CLEAR, "EPOCH_CLEAR", "format"},
};
_Static_assert(sizeof fence_cases / sizeof fence_cases[0] == WIRE_FENCE_COUNT, "a fence has no case");

static uint32_t seed_count(void) { return getenv("TRANSOM_LONG") ? SEEDS * 50 : SEEDS; }

static uint64_t violations_of(const struct scenario_result *result) {
  uint64_t sum = 0;
  for (int i = 0; i < VIOLATION_COUNT; i++)
    sum += result->violations[i];
  return sum;
}

static void print_violations(const struct scenario_result *result) {
  for (int i = 0; i < VIOLATION_COUNT; i++) {
    if (result->violations[i])
      printf(" %s (%llu)", violation_names[i], (unsigned long long)result->violations[i]);
  }
  printf("\n");
}

static void all_fences_no_violation(void **state) {
  (void)state;
  for (uint32_t i = 0; i < memory_order_scenario_count; i++) {
    struct scenario_result result = {0};
    uint32_t seed = 0;
    for (; seed < seed_count() && violations_of(&result) == 0; seed++)
      memory_order_scenarios[i].run(seed, 0, &result);
    printf("all fences, %s: seeds 0-%u, %llu looks, %llu dropped:", memory_order_scenarios[i].name, seed - 1,
           (unsigned long long)result.checked, (unsigned long long)result.dropped);
    print_violations(&result);
    assert_int_equal(violations_of(&result), 0);
    assert_true(result.checked >= seed / 10); /* the runs were not empty */
  }
}

static const struct scenario *find_scenario(const char *name) {
  for (uint32_t i = 0; i < memory_order_scenario_count; i++) {
    if (strcmp(memory_order_scenarios[i].name, name) == 0)
      return &memory_order_scenarios[i];
  }
  fail_msg("no scenario %s", name);
  return NULL;
}

static void each_fence_is_needed(void **state) {
  (void)state;
  for (uint32_t i = 0; i < WIRE_FENCE_COUNT; i++) {
    const struct fence_case *c = &fence_cases[i];
    const struct scenario *scenario = find_scenario(c->scenario);
    struct scenario_result result = {0};
    uint32_t seed = 0;
    for (; seed < SEEDS_UNTIL_FOUND && violations_of(&result) == 0; seed++)
      scenario->run(seed, 1u << c->fence, &result);
    printf("without %s, %s: seed %u:", c->name, c->scenario, seed - 1);
    print_violations(&result);
    assert_true(violations_of(&result) > 0);
  }
}

int main(void) {
#if defined(__SANITIZE_THREAD__)
  printf("skipped: one thread of coroutines, nothing for the thread sanitizer to see\n");
  return 77;
#endif
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_fences_no_violation),
      cmocka_unit_test(each_fence_is_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
