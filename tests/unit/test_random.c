#include "common/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void is_never_zero_and_moves(void **state) {
  (void)state;
  uint64_t last = 0, all_bits = 0;
  for (int i = 0; i < 1000; i++) {
    const uint64_t value = random_nonzero64();
    assert_true(value != 0 && value != last);
    assert_int_not_equal(random_nonzero32(), 0);
    last = value;
    all_bits |= value;
  }
  assert_true(all_bits == UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_never_zero_and_moves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
