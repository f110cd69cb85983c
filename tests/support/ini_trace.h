/* What an INI reader makes of a text, written down call by call, so that two readers can be compared. */
#ifndef TRANSOM_TESTS_INI_TRACE_H
#define TRANSOM_TESTS_INI_TRACE_H

#include "common/ini_reader.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define INI_TRACE_BYTES 16384

struct ini_trace {
  const char *text;
  size_t bytes, at;
  char calls[INI_TRACE_BYTES]; /* "section|name|value\n" each; what no longer fits is left out */
  size_t used;
  int result;
};

typedef int (*ini_trace_parser)(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data);

/* Bytes of `value` before its comment. libinih takes a comment off a continuation line only since its version 56; so that both ages of it
 * can be the witness, the trace leaves comments out. */
static inline int ini_trace_value_bytes(const char *value) {
  int bytes = 0;
  while (value[bytes] && !(bytes > 0 && value[bytes] == ';' && isspace((unsigned char)value[bytes - 1])))
    bytes++;
  while (bytes > 0 && isspace((unsigned char)value[bytes - 1]))
    bytes--;
  return bytes;
}

/* A value with the name "fail" is refused. */
static inline int ini_trace_handler(void *user_data, const char *section, const char *name, const char *value) {
  struct ini_trace *trace = user_data;
  const int length = snprintf(trace->calls + trace->used, sizeof trace->calls - trace->used, "%s|%s|%.*s\n", section, name,
                              ini_trace_value_bytes(value), value);
  if (trace->used + (size_t)length < sizeof trace->calls)
    trace->used += (size_t)length;
  return strcmp(name, "fail") != 0;
}

/* As fgets() does, also with zero bytes inside. */
static inline char *ini_trace_line(char *to, int capacity, void *stream) {
  struct ini_trace *trace = stream;
  if (trace->at >= trace->bytes)
    return NULL;
  int length = 0;
  while (length < capacity - 1 && trace->at < trace->bytes) {
    to[length++] = trace->text[trace->at++];
    if (to[length - 1] == '\n')
      break;
  }
  to[length] = 0;
  return to;
}

static inline void ini_trace_read(ini_trace_parser parser, const char *text, size_t bytes, struct ini_trace *trace) {
  memset(trace, 0, sizeof *trace);
  trace->text = text;
  trace->bytes = bytes;
  trace->result = parser(ini_trace_line, trace, ini_trace_handler, trace);
}

#endif
