/* Records: whole or refused, whatever the two sides' minors think of their length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/record.h"

#include <string.h>

/* Fills words 1 .. count-2 with their number. */
static void fill(uint64_t *words, uint32_t count) {
  for (uint32_t i = 1; i + 1 < count; i++)
    words[i] = i;
}

static void record_survives_the_way(void **state) {
  (void)state;
  uint64_t record[6], wire[6] = {0}, copy[6];
  fill(record, 6);
  record_write(wire, record, sizeof record, 9);
  assert_true(record_read(copy, sizeof copy, wire, sizeof wire));
  assert_int_equal(copy[0], 9);
  assert_memory_equal(&copy[1], &record[1], 4 * 8);
  assert_int_equal(copy[5], 9);
}

static void longer_record_is_cut(void **state) {
  (void)state;
  uint64_t record[10], wire[10], copy[6];
  fill(record, 10);
  record_write(wire, record, sizeof record, 9);
  assert_true(record_read(copy, sizeof copy, wire, sizeof wire));
  assert_memory_equal(&copy[1], &record[1], 4 * 8);
  assert_int_equal(copy[5], 9);
}

static void shorter_record_is_filled_with_zero(void **state) {
  (void)state;
  uint64_t record[4], wire[4], copy[6];
  fill(record, 4);
  memset(copy, 0xff, sizeof copy);
  record_write(wire, record, sizeof record, 9);
  assert_true(record_read(copy, sizeof copy, wire, sizeof wire));
  assert_int_equal(copy[2], 2);
  assert_int_equal(copy[3], 0);
  assert_int_equal(copy[4], 0);
  assert_int_equal(copy[5], 9);
}

static void torn_record_is_refused(void **state) {
  (void)state;
  uint64_t record[4], wire[4], copy[4];
  fill(record, 4);
  record_write(wire, record, sizeof record, 9);
  wire[0] = 10; /* the writer has begun again */
  assert_false(record_read(copy, sizeof copy, wire, sizeof wire));
  wire[0] = 9;
  wire[3] = 8; /* the writer has not come to its end */
  assert_false(record_read(copy, sizeof copy, wire, sizeof wire));
}

static void record_stays_inside_its_bytes(void **state) {
  (void)state;
  uint64_t record[4], wire[6], copy[6];
  memset(wire, 0xee, sizeof wire);
  memset(copy, 0xee, sizeof copy);
  fill(record, 4);
  record_write(&wire[1], record, sizeof record, 9);
  assert_int_equal(wire[0], UINT64_C(0xeeeeeeeeeeeeeeee));
  assert_int_equal(wire[5], UINT64_C(0xeeeeeeeeeeeeeeee));
  assert_true(record_read(&copy[1], 4 * 8, &wire[1], 4 * 8));
  assert_int_equal(copy[0], UINT64_C(0xeeeeeeeeeeeeeeee));
  assert_int_equal(copy[5], UINT64_C(0xeeeeeeeeeeeeeeee));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(record_survives_the_way),
      cmocka_unit_test(longer_record_is_cut),
      cmocka_unit_test(shorter_record_is_filled_with_zero),
      cmocka_unit_test(torn_record_is_refused),
      cmocka_unit_test(record_stays_inside_its_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
