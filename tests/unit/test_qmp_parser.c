#include "host/vm/qmp_parser.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
  int messages;
  char last[64];
  int stop_after;
};

static bool note(const struct qmp_value *message, void *user_data) {
  struct seen *seen = user_data;
  const char *text = qmp_value_string(qmp_value_member(message, "s"));
  strncpy(seen->last, text ? text : "", sizeof(seen->last) - 1);
  return ++seen->messages != seen->stop_after;
}

static int feed(const char *text, size_t piece, struct seen *seen) {
  struct qmp_parser parser;
  qmp_parser_init(&parser);
  int status = 0;
  for (size_t left = strlen(text); left > 0 && status == 0;) {
    const size_t count = piece < left ? piece : left;
    status = qmp_parser_feed(&parser, text, count, note, seen);
    text += count;
    left -= count;
  }
  qmp_parser_finish(&parser);
  return status;
}

static void takes_lines_in_any_pieces(void **state) {
  (void)state;
  const char *text = "{\"s\": \"one\"}\r\n\r\n{\"s\": \"two\"}\n{\"s\": \"three }]\\\" \"}\r\n{\"half\"";
  for (size_t piece = 1; piece < 40; piece++) {
    struct seen seen = {0};
    assert_int_equal(feed(text, piece, &seen), 0);
    assert_int_equal(seen.messages, 3);
    assert_string_equal(seen.last, "three }]\" ");
  }
}

static void refuses_what_is_no_object(void **state) {
  (void)state;
  const char *bad[] = {"[]\n", "1\n", "{\n", "{} x\n", "}\n", "{\"a\":}\n", "hello\n", "{\"a\": \"\n"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct seen seen = {0};
    assert_int_equal(feed(bad[i], 100, &seen), -EBADMSG);
    assert_int_equal(seen.messages, 0);
  }
  struct qmp_parser parser;
  qmp_parser_init(&parser);
  assert_int_equal(qmp_parser_feed(&parser, "{\0}\n", 4, note, &(struct seen){0}), -EBADMSG);
  qmp_parser_finish(&parser);
}

static int feed_repeated(const char *before, const char *part, size_t times, const char *after) {
  const size_t length = strlen(part);
  char *text = malloc(strlen(before) + length * times + strlen(after) + 1);
  assert_non_null(text);
  char *end = text + sprintf(text, "%s", before);
  for (size_t i = 0; i < times; i++, end += length)
    memcpy(end, part, length);
  strcpy(end, after);
  struct seen seen = {0};
  const int status = feed(text, 10000, &seen);
  free(text);
  assert_int_equal(seen.messages, status == 0);
  return status;
}

static void bounds_depth(void **state) {
  (void)state;
  assert_int_equal(feed_repeated("{\"a\":", "[", QMP_DEPTH_MAX, "\n"), -EMSGSIZE);
  assert_int_equal(feed_repeated("{\"a\":\"", "[", 1000, "\"}\n"), 0); /* a string is not deep */
  char closing[QMP_DEPTH_MAX + 3] = "";
  memset(closing, ']', QMP_DEPTH_MAX - 1);
  strcat(closing, "}\n");
  assert_int_equal(feed_repeated("{\"a\":", "[", QMP_DEPTH_MAX - 1, closing), 0);
}

static void bounds_values(void **state) {
  (void)state;
  assert_int_equal(feed_repeated("{\"a\":[0", ",0", QMP_VALUES_MAX - 3, "]}\n"), 0);
  assert_int_equal(feed_repeated("{\"a\":[0", ",0", QMP_VALUES_MAX - 2, "]}\n"), -EMSGSIZE);
}

static void bounds_a_line(void **state) {
  (void)state;
  const size_t frame = strlen("{\"a\":\"\"}");
  assert_int_equal(feed_repeated("{\"a\":\"", "x", QMP_LINE_BYTES_MAX - frame, "\"}\n"), 0);
  assert_int_equal(feed_repeated("{\"a\":\"", "x", QMP_LINE_BYTES_MAX - frame + 1, "\"}\n"), -EMSGSIZE);
}

static void stops_when_told(void **state) {
  (void)state;
  struct seen seen = {.stop_after = 2};
  assert_int_equal(feed("{}\n{}\n{}\n", 100, &seen), -ECANCELED);
  assert_int_equal(seen.messages, 2);
}

static bool check_values(const struct qmp_value *message, void *user_data) {
  int *checked = user_data;
  double number = 0;
  const struct qmp_value *list = qmp_value_member(message, "list");
  const struct qmp_value *item = qmp_value_first(list);
  assert_true(qmp_value_is_true(item));
  item = qmp_value_next(item);
  assert_true(qmp_value_number(item, &number));
  assert_true(number == 7);
  assert_false(qmp_value_is_true(item));
  assert_null(qmp_value_string(item));
  assert_null(qmp_value_next(item));
  assert_null(qmp_value_member(message, "none"));
  assert_null(qmp_value_member(list, "none"));
  assert_null(qmp_value_member(NULL, "none"));
  assert_null(qmp_value_first(message));
  assert_false(qmp_value_number(NULL, &number));
  ++*checked;
  return true;
}

static void values_are_of_their_kind_or_nothing(void **state) {
  (void)state;
  struct qmp_parser parser;
  qmp_parser_init(&parser);
  const char *text = "{\"list\": [true, 7]}\n";
  int checked = 0;
  assert_int_equal(qmp_parser_feed(&parser, text, strlen(text), check_values, &checked), 0);
  assert_int_equal(checked, 1);
  qmp_parser_finish(&parser);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_lines_in_any_pieces),
      cmocka_unit_test(refuses_what_is_no_object),
      cmocka_unit_test(bounds_depth),
      cmocka_unit_test(bounds_values),
      cmocka_unit_test(bounds_a_line),
      cmocka_unit_test(stops_when_told),
      cmocka_unit_test(values_are_of_their_kind_or_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
