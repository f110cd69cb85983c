#define LOG_MODULE "test"
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct lines {
  int count;
  enum log_level level;
  char last[2048];
};

static void keep(enum log_level level, const char *line, void *user_data) {
  struct lines *lines = user_data;
  lines->count++;
  lines->level = level;
  strcpy(lines->last, line);
}

static void names_module_and_level(void **state) {
  (void)state;
  struct lines lines = {0};
  log_set_sink(keep, &lines);
  log_warning("%d of %s", 3, "five");
  assert_int_equal(lines.level, LOG_WARNING);
  assert_string_equal(lines.last, "test: warning: 3 of five");
}

static void drops_what_is_below_the_level(void **state) {
  (void)state;
  struct lines lines = {0};
  log_set_sink(keep, &lines);
  log_debug("unseen");
  log_set_level(LOG_DEBUG);
  log_debug("seen");
  log_set_level(LOG_INFO);
  assert_int_equal(lines.count, 1);
}

static void cuts_long_lines(void **state) {
  (void)state;
  struct lines lines = {0};
  log_set_sink(keep, &lines);
  char text[4000];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = 0;
  log_error("%s", text);
  assert_int_equal(strlen(lines.last), 1023);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_module_and_level),
      cmocka_unit_test(drops_what_is_below_the_level),
      cmocka_unit_test(cuts_long_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
