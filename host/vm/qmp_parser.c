#include "host/vm/qmp_parser.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* struct qmp_value is cJSON's node under a name of ours, so that cJSON stays in this file. */
static const cJSON *node(const struct qmp_value *value) { return (const cJSON *)(const void *)value; }
static const struct qmp_value *value_of(const cJSON *json) { return (const struct qmp_value *)(const void *)json; }

const struct qmp_value *qmp_value_member(const struct qmp_value *object, const char *name) {
  return cJSON_IsObject(node(object)) ? value_of(cJSON_GetObjectItemCaseSensitive(node(object), name)) : NULL;
}

const struct qmp_value *qmp_value_first(const struct qmp_value *array) {
  return cJSON_IsArray(node(array)) ? value_of(node(array)->child) : NULL;
}

const struct qmp_value *qmp_value_next(const struct qmp_value *item) { return value_of(node(item)->next); }

const char *qmp_value_string(const struct qmp_value *value) { return cJSON_IsString(node(value)) ? node(value)->valuestring : NULL; }

bool qmp_value_is_true(const struct qmp_value *value) { return cJSON_IsTrue(node(value)); }

bool qmp_value_number(const struct qmp_value *value, double *number) {
  if (!cJSON_IsNumber(node(value)))
    return false;
  *number = node(value)->valuedouble;
  return true;
}

void qmp_parser_init(struct qmp_parser *parser) { *parser = (struct qmp_parser){0}; }

void qmp_parser_finish(struct qmp_parser *parser) {
  free(parser->line);
  qmp_parser_init(parser);
}

void qmp_parser_clear(struct qmp_parser *parser) { parser->used = 0; }

/* Makes room for `more` bytes and a terminating 0. */
static int reserve(struct qmp_parser *parser, size_t more) {
  if (more > QMP_LINE_BYTES_MAX - parser->used)
    return -EMSGSIZE;
  const size_t needed = parser->used + more + 1;
  if (needed <= parser->capacity)
    return 0;
  size_t capacity = parser->capacity ? parser->capacity : 4096;
  while (capacity < needed)
    capacity *= 2;
  char *line = realloc(parser->line, capacity);
  if (!line)
    return -ENOMEM;
  parser->line = line;
  parser->capacity = capacity;
  return 0;
}

/* Counts what the JSON parser would have to allocate and how deep it would recurse, before it does either. Every value but the first
 * follows a comma or an opening bracket, so those bound the number of values. */
static int check_shape(const char *line, size_t bytes) {
  size_t depth = 0, values = 1;
  bool in_string = false;
  for (size_t i = 0; i < bytes; i++) {
    const char c = line[i];
    if (c == '\0')
      return -EBADMSG;
    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = false;
      continue;
    }
    in_string = c == '"';
    values += c == ',' || c == '[' || c == '{';
    depth += c == '[' || c == '{';
    if ((c == ']' || c == '}') && depth-- == 0)
      return -EBADMSG;
    if (depth > QMP_DEPTH_MAX || values > QMP_VALUES_MAX)
      return -EMSGSIZE;
  }
  return 0;
}

static bool is_blank(const char *line, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (line[i] != ' ' && line[i] != '\r' && line[i] != '\t')
      return false;
  return true;
}

static int finish_line(struct qmp_parser *parser, qmp_message_handler handler, void *user_data) {
  const size_t bytes = parser->used;
  parser->line[bytes] = '\0';
  parser->used = 0;
  if (is_blank(parser->line, bytes))
    return 0;
  const int status = check_shape(parser->line, bytes);
  if (status)
    return status;
  cJSON *json = cJSON_ParseWithLengthOpts(parser->line, bytes + 1, NULL, true);
  if (!cJSON_IsObject(json)) {
    cJSON_Delete(json);
    return -EBADMSG;
  }
  const bool go_on = handler(value_of(json), user_data);
  cJSON_Delete(json);
  return go_on ? 0 : -ECANCELED;
}

int qmp_parser_feed(struct qmp_parser *parser, const char *bytes, size_t count, qmp_message_handler handler, void *user_data) {
  while (count > 0) {
    const char *newline = memchr(bytes, '\n', count);
    const size_t part = newline ? (size_t)(newline - bytes) : count;
    int status = reserve(parser, part);
    if (status)
      return status;
    memcpy(parser->line + parser->used, bytes, part);
    parser->used += part;
    if (newline && (status = finish_line(parser, handler, user_data)))
      return status;
    bytes += part + (newline ? 1 : 0);
    count -= part + (newline ? 1 : 0);
  }
  return 0;
}
