/* A build without libplacebo: every build compiles what stands in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/present/vulkan/vulkan_placebo.h"

static void it_says_why_there_is_none(void **state) {
  (void)state;
  char error[256] = "";
  assert_null(vulkan_placebo_create(NULL, error, sizeof error));
  assert_string_equal(error, "transom was built without it");
  vulkan_placebo_forget(NULL, NULL);
  vulkan_placebo_destroy(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_says_why_there_is_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
