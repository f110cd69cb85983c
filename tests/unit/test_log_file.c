#include "guest/core/log_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
  char directory[64], path[80];
};

static time_t a_known_time(time_t *to) {
  (void)to;
  return 1795653243; /* 2026-11-26 00:34:03 UTC */
}

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  strcpy(f->directory, "/tmp/transom-log-XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  snprintf(f->path, sizeof f->path, "%s/agent.log", f->directory);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  char path[100];
  for (int age = 0; age <= 9; age++) {
    snprintf(path, sizeof path, age ? "%s.%d" : "%s", f->path, age);
    unlink(path);
  }
  rmdir(f->directory); /* fails, and leaves a trace, when there was more */
  const bool gone = access(f->directory, F_OK) != 0;
  free(f);
  return gone ? 0 : -1;
}

static struct log_file *open_log(struct fixture *f, long bytes_max, int old_files) {
  struct log_file *file =
      log_file_create(&(struct log_file_options){.path = f->path, .bytes_max = bytes_max, .old_files = old_files, .now = a_known_time});
  assert_non_null(file);
  return file;
}

/* "" when there is none. `age` 0 is the newest. */
static const char *text_of(struct fixture *f, int age) {
  static char text[8192];
  char path[100];
  snprintf(path, sizeof path, age ? "%s.%d" : "%s", f->path, age);
  FILE *stream = fopen(path, "r");
  text[stream ? fread(text, 1, sizeof text - 1, stream) : 0] = 0;
  if (stream)
    fclose(stream);
  return text;
}

static void write_numbered(struct log_file *file, int from, int to) {
  char line[32];
  for (int i = from; i < to; i++) {
    snprintf(line, sizeof line, "line %04d", i);
    log_file_line(LOG_INFO, line, file);
  }
}

static void stamps_and_continues(void **state) {
  struct fixture *f = *state;
  struct log_file *file = open_log(f, 1000, 2);
  log_file_line(LOG_INFO, "one", file);
  log_file_destroy(file);
  file = open_log(f, 1000, 2);
  log_file_line(LOG_ERROR, "two", file);
  log_file_destroy(file);
  assert_string_equal(text_of(f, 0), "2026-11-26 00:34:03Z one\n2026-11-26 00:34:03Z two\n");
}

/* A line here has 31 bytes: three go into a file of 100. */
static void keeps_so_many_files_of_such_a_size(void **state) {
  struct fixture *f = *state;
  struct log_file *file = open_log(f, 100, 2);
  write_numbered(file, 0, 11);
  log_file_destroy(file);
  assert_non_null(strstr(text_of(f, 0), "line 0010"));
  assert_null(strstr(text_of(f, 0), "line 0008"));
  assert_non_null(strstr(text_of(f, 1), "line 0006"));
  assert_non_null(strstr(text_of(f, 1), "line 0008"));
  assert_non_null(strstr(text_of(f, 2), "line 0003"));
  assert_string_equal(text_of(f, 3), "");
  for (int age = 0; age <= 2; age++)
    assert_true(strlen(text_of(f, age)) <= 100);
}

static void counts_what_was_there_before(void **state) {
  struct fixture *f = *state;
  struct log_file *file = open_log(f, 100, 1);
  write_numbered(file, 0, 3);
  log_file_destroy(file);
  file = open_log(f, 100, 1);
  write_numbered(file, 3, 4);
  log_file_destroy(file);
  assert_non_null(strstr(text_of(f, 1), "line 0002"));
  assert_null(strstr(text_of(f, 0), "line 0002"));
}

static void keeps_none_when_asked_for_none(void **state) {
  struct fixture *f = *state;
  struct log_file *file = open_log(f, 100, 0);
  write_numbered(file, 0, 4);
  log_file_destroy(file);
  assert_string_equal(text_of(f, 0), "2026-11-26 00:34:03Z line 0003\n");
  assert_string_equal(text_of(f, 1), "");
}

static void cuts_a_line_that_is_too_long(void **state) {
  struct fixture *f = *state;
  char line[4000];
  memset(line, 'x', sizeof line - 1);
  line[sizeof line - 1] = 0;
  struct log_file *file = open_log(f, 5000, 1);
  log_file_line(LOG_INFO, line, file);
  log_file_line(LOG_INFO, "next", file);
  log_file_destroy(file);
  assert_non_null(strstr(text_of(f, 0), "x\n2026-11-26 00:34:03Z next\n"));
}

static void lives_on_when_the_directory_is_gone(void **state) {
  struct fixture *f = *state;
  struct log_file *file = open_log(f, 60, 1);
  log_file_line(LOG_INFO, "one", file);
  unlink(f->path);
  rmdir(f->directory);
  write_numbered(file, 0, 5);
  assert_int_equal(mkdir(f->directory, 0700), 0);
  write_numbered(file, 5, 6);
  log_file_destroy(file);
  assert_string_equal(text_of(f, 0), "2026-11-26 00:34:03Z line 0005\n");
}

static void refuses_what_it_cannot_write(void **state) {
  struct fixture *f = *state;
  char path[400];
  snprintf(path, sizeof path, "%s/missing/agent.log", f->directory);
  assert_null(log_file_create(&(struct log_file_options){.path = path, .bytes_max = 100, .now = time}));
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  assert_null(log_file_create(&(struct log_file_options){.path = path, .bytes_max = 100, .now = time}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(stamps_and_continues, set_up, tear_down),
      cmocka_unit_test_setup_teardown(keeps_so_many_files_of_such_a_size, set_up, tear_down),
      cmocka_unit_test_setup_teardown(counts_what_was_there_before, set_up, tear_down),
      cmocka_unit_test_setup_teardown(keeps_none_when_asked_for_none, set_up, tear_down),
      cmocka_unit_test_setup_teardown(cuts_a_line_that_is_too_long, set_up, tear_down),
      cmocka_unit_test_setup_teardown(lives_on_when_the_directory_is_gone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(refuses_what_it_cannot_write, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
