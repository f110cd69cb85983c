#include "common/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_one(void *user_data) { ++*(int *)user_data; }

static void runs_its_body_before_join_returns(void **state) {
  (void)state;
  int value = 1;
  struct thread *thread = thread_create("fifteen-letters", add_one, &value);
  assert_non_null(thread);
  thread_join(thread);
  assert_int_equal(value, 2);
  thread_join(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(runs_its_body_before_join_returns)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
