/* QEMU's monitor talk, from bytes to checked messages: newline-delimited JSON objects, in whatever pieces the socket delivers.
 *
 * Pure but for memory: no socket, no clock, no log, so it can be fuzzed. The peer is not trusted; per line it may cost us at most
 * QMP_LINE_BYTES_MAX of text and QMP_VALUES_MAX values of 64 bytes (cJSON's node), 4 MiB, plus the strings, which are no longer than the
 * text. One thread. Control plane. */
#ifndef TRANSOM_HOST_VM_QMP_PARSER_H
#define TRANSOM_HOST_VM_QMP_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#define QMP_LINE_BYTES_MAX ((size_t)1 << 20)
#define QMP_DEPTH_MAX 32u /* QEMU's deepest reply that we ask for has 4 levels */
#define QMP_VALUES_MAX 65536u

struct qmp_value; /* one JSON value of a message; lives as long as the handler's call */

const struct qmp_value *qmp_value_member(const struct qmp_value *object, const char *name); /* NULL: none, or no object */
const struct qmp_value *qmp_value_first(const struct qmp_value *array);                     /* NULL: empty, or no array */
const struct qmp_value *qmp_value_next(const struct qmp_value *item);
const char *qmp_value_string(const struct qmp_value *value);          /* NULL: no string */
bool qmp_value_is_true(const struct qmp_value *value);                /* false for everything but true */
bool qmp_value_number(const struct qmp_value *value, double *number); /* false: no number */

struct qmp_parser {
  char *line; /* what has come of the current line */
  size_t used, capacity;
};

/* Receives each message (always an object). False ends the feed: the caller has lost interest in the rest. */
typedef bool (*qmp_message_handler)(const struct qmp_value *message, void *user_data);

void qmp_parser_init(struct qmp_parser *parser);
void qmp_parser_finish(struct qmp_parser *parser);
void qmp_parser_clear(struct qmp_parser *parser); /* forgets a half line, for a new connection */

/* 0; -EMSGSIZE line too long, too deep or with too many values; -EBADMSG not a JSON object; -ECANCELED the handler said false; -ENOMEM.
 * After an error the parser wants qmp_parser_clear(). */
int qmp_parser_feed(struct qmp_parser *parser, const char *bytes, size_t count, qmp_message_handler handler, void *user_data);

#endif
