/* Text in a buffer of fixed size: what fits, what is cut, and that nothing is written beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bounded_text.h"

static void it_grows_and_is_cut_once_it_is_full(void **state) {
  (void)state;
  char text[9] = "########";
  struct bounded_text bounded;
  bounded_text_init(&bounded, text, 8);
  assert_string_equal(text, "");
  bounded_text_add(&bounded, "%s-%d", "ab", 12);
  assert_string_equal(text, "ab-12");
  assert_int_equal(bounded.used, 5);
  bounded_text_add(&bounded, "xy");
  assert_string_equal(text, "ab-12xy");
  assert_false(bounded.cut);
  bounded_text_add(&bounded, "z");
  assert_true(bounded.cut);
  bounded_text_add(&bounded, "and more");
  assert_string_equal(text, "ab-12xy");
  assert_int_equal(bounded.used, 7);
  assert_int_equal(text[8], 0); /* of the array's own literal: not touched */
}

static void the_smallest_buffer_holds_nothing(void **state) {
  (void)state;
  char text[1];
  struct bounded_text bounded;
  bounded_text_init(&bounded, text, sizeof text);
  bounded_text_add(&bounded, "%s", "");
  assert_false(bounded.cut);
  bounded_text_add(&bounded, "a");
  assert_true(bounded.cut);
  assert_string_equal(text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_grows_and_is_cut_once_it_is_full),
      cmocka_unit_test(the_smallest_buffer_holds_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
