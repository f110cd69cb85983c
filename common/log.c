#include "common/log.h"

#include <stdatomic.h>
#include <stdio.h>

#define LINE_BYTES_MAX 1024

/* The one piece of process-wide state in common/: where lines go. Set at start, before there are other threads. */
static atomic_int threshold = LOG_INFO;
static log_sink line_sink;
static void *line_sink_data;

static const char *level_name(enum log_level level) {
  static const char *const names[] = {"error", "warning", "info", "debug"};
  return names[level];
}

void log_set_level(enum log_level level) { atomic_store(&threshold, (int)level); }

void log_set_sink(log_sink sink, void *user_data) {
  line_sink = sink;
  line_sink_data = user_data;
}

/* One fwrite() a line: stderr is unbuffered, so lines of several threads never mix. */
static void write_line(char line[LINE_BYTES_MAX + 1], size_t length) {
  line[length] = '\n';
  fwrite(line, 1, length + 1, stderr);
}

void log_print(enum log_level level, const char *module, const char *format, ...) {
  if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed))
    return;
  char line[LINE_BYTES_MAX + 1];
  const int start = snprintf(line, LINE_BYTES_MAX, "%s: %s: ", module, level_name(level));
  size_t length = start > 0 && start < LINE_BYTES_MAX ? (size_t)start : 0;
  va_list arguments;
  va_start(arguments, format);
  const int rest = vsnprintf(line + length, LINE_BYTES_MAX - length, format, arguments);
  va_end(arguments);
  if (rest > 0)
    length += (size_t)rest < LINE_BYTES_MAX - length ? (size_t)rest : LINE_BYTES_MAX - length - 1;
  if (line_sink)
    line_sink(level, line, line_sink_data);
  else
    write_line(line, length);
}
