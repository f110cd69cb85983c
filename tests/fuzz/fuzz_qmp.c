/* QEMU's monitor talk in pieces of any size. The handler walks every value, so that what the parser accepted is also fit for use. */
#include "fuzz/fuzz_input.h"
#include "host/vm/qmp_parser.h"

#include <string.h>

static void walk(const struct qmp_value *message, const char *name) {
  const struct qmp_value *member = qmp_value_member(message, name);
  double number;
  qmp_value_is_true(member);
  qmp_value_number(member, &number);
  if (member && qmp_value_string(member))
    fuzz_require(strlen(qmp_value_string(member)) <= QMP_LINE_BYTES_MAX);
  for (const struct qmp_value *item = qmp_value_first(member); item; item = qmp_value_next(item))
    qmp_value_string(qmp_value_member(item, "name"));
}

static bool take_message(const struct qmp_value *message, void *user_data) {
  static const char *const names[] = {"QMP", "return", "event", "error", "id", "data", "class", "desc"};
  size_t *messages = user_data;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    walk(message, names[i]);
  return ++*messages < 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct qmp_parser parser;
  size_t messages = 0;
  qmp_parser_init(&parser);
  for (size_t at = 0; at < bytes;) {
    const size_t piece = 1 + data[at] % 97u < bytes - at ? 1 + data[at] % 97u : bytes - at;
    if (qmp_parser_feed(&parser, (const char *)data + at, piece, take_message, &messages) != 0)
      qmp_parser_clear(&parser);
    at += piece;
  }
  qmp_parser_finish(&parser);
  return 0;
}
