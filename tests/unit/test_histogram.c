#include "common/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state) {
  *state = calloc(1, sizeof(struct histogram));
  return *state ? 0 : -1;
}

static int teardown(void **state) {
  free(*state);
  return 0;
}

static void is_zero_when_empty(void **state) { assert_int_equal(histogram_quantile(*state, 500), 0); }

static void finds_exact_quantiles_of_small_values(void **state) {
  struct histogram *histogram = *state;
  for (uint64_t value = 1; value <= 100; value++)
    histogram_add(histogram, value);
  assert_int_equal(histogram_quantile(histogram, 0), 1);
  assert_int_equal(histogram_quantile(histogram, 500), 50);
  assert_int_equal(histogram_quantile(histogram, 990), 99);
  assert_int_equal(histogram_quantile(histogram, 1000), 100);
  assert_int_equal(histogram->sum, 5050);
  assert_int_equal(histogram->minimum, 1);
}

/* One value in each place of each octave: the answer is never below it and at most 1/128 above. */
static void errs_by_less_than_a_128th(void **state) {
  struct histogram *histogram = *state;
  for (uint64_t base = 1; base < UINT64_C(1) << 40; base <<= 1) {
    for (uint64_t part = 0; part < 8; part++) {
      const uint64_t value = base + base * part / 8;
      histogram_clear(histogram);
      histogram_add(histogram, value);
      histogram_add(histogram, UINT64_MAX); /* so that the maximum does not cut the bucket's end */
      const uint64_t found = histogram_quantile(histogram, 500);
      assert_true(found >= value && found - value <= value / 128);
    }
  }
}

static void keeps_what_is_too_large_in_the_last_bucket(void **state) {
  struct histogram *histogram = *state;
  histogram_add(histogram, 5);
  histogram_add(histogram, UINT64_C(1) << 50);
  assert_int_equal(histogram->buckets[HISTOGRAM_BUCKETS - 1], 1);
  assert_int_equal(histogram_quantile(histogram, 1000), UINT64_C(1) << 50);
}

static void merges(void **state) {
  struct histogram *into = *state, *from = calloc(1, sizeof *from);
  assert_non_null(from);
  histogram_add(into, 10);
  histogram_merge(into, from);
  assert_int_equal(into->minimum, 10);
  histogram_add(from, 2);
  histogram_add(from, 4000);
  histogram_merge(into, from);
  assert_int_equal(into->count, 3);
  assert_int_equal(into->minimum, 2);
  assert_int_equal(into->maximum, 4000);
  assert_int_equal(histogram_quantile(into, 500), 10);
  free(from);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(is_zero_when_empty),
      TEST(finds_exact_quantiles_of_small_values),
      TEST(errs_by_less_than_a_128th),
      TEST(keeps_what_is_too_large_in_the_last_bucket),
      TEST(merges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
