/* The INI reader of the Windows agent against libinih, an independent reader of the same rules. */
#include "common/ini_lines.h"
#include "support/ini_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void both_read_alike(const char *text) {
  struct ini_trace ours, theirs;
  ini_trace_read(ini_lines_parse, text, strlen(text), &ours);
  ini_trace_read(ini_reader_parse, text, strlen(text), &theirs);
  assert_string_equal(ours.calls, theirs.calls);
  assert_int_equal(ours.result, theirs.result);
}

static void reads_what_libinih_reads(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "\n\n",
      "[agent]\nrate = 60\nregion: auto\n",
      "\xEF\xBB\xBF[agent]\r\nrate=60\r\n",
      "; a comment\n# another\n[agent] ; and one more\nrate = 60 ; hertz\nregion = a;b\n",
      "[agent]\nregion = C:\\ProgramData\\Transom\\x\nname = a = b : c\n",
      "[agent]\nregion = one\n  two ; three\n\n  four\n[view]\n  indented = 1\n",
      "[unfinished\nrate = 60\nno value\n= 5\nempty =\n",
      "[; ]\nname ; = 5\n",
      "[agent]\nfail = 1\nalso wrong\n",
      "last = line without end",
      "[a-section-whose-name-is-much-longer-than-the-fifty-bytes-that-are-kept-of-it]\n"
      "a-name-that-is-longer-than-the-fifty-bytes-that-are-kept-of-it = 1\n more\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    both_read_alike(texts[i]);
}

static void reads_a_long_line_in_the_same_pieces(void **state) {
  (void)state;
  char text[700] = "[agent]\nname = ";
  memset(text + strlen(text), 'x', 500);
  strcat(text, "\nrate = 60\n");
  both_read_alike(text);
}

static void says_what_it_read(void **state) {
  (void)state;
  struct ini_trace trace;
  static const char text[] = "[agent]\nrate = 60 ; hertz\nfail = 1\nnothing\n";
  ini_trace_read(ini_lines_parse, text, strlen(text), &trace);
  assert_string_equal(trace.calls, "agent|rate|60\nagent|fail|1\n");
  assert_int_equal(trace.result, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_libinih_reads),
      cmocka_unit_test(reads_a_long_line_in_the_same_pieces),
      cmocka_unit_test(says_what_it_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
