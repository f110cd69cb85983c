#include "guest/core/log_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAMP_BYTES 32
#define OLD_NAME_BYTES (LOG_FILE_PATH_BYTES + 12)

struct log_file {
  struct log_file_options options;
  char path[LOG_FILE_PATH_BYTES];
  FILE *stream; /* NULL after a failure, until the next line */
  long bytes;
};

static long size_of(const char *path) {
  FILE *stream = fopen(path, "rb");
  if (!stream)
    return 0;
  const long bytes = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;
  fclose(stream);
  return bytes;
}

static bool open_stream(struct log_file *file) {
  file->bytes = size_of(file->path);
  file->stream = file->bytes >= 0 ? fopen(file->path, "ab") : NULL;
  return file->stream != NULL;
}

struct log_file *log_file_create(const struct log_file_options *options) {
  assert(options->old_files >= 0 && options->old_files <= LOG_FILE_OLD_MAX && options->bytes_max > 0);
  struct log_file *file = calloc(1, sizeof *file);
  if (!file)
    return NULL;
  file->options = *options;
  const int length = snprintf(file->path, sizeof file->path, "%s", options->path);
  if (length >= (int)sizeof file->path)
    errno = ENAMETOOLONG;
  else if (open_stream(file))
    return file;
  const int error = errno;
  log_file_destroy(file);
  errno = error;
  return NULL;
}

void log_file_destroy(struct log_file *file) {
  if (!file)
    return;
  if (file->stream)
    fclose(file->stream);
  free(file);
}

static void old_name(const struct log_file *file, int age, char to[OLD_NAME_BYTES]) {
  if (age == 0)
    snprintf(to, OLD_NAME_BYTES, "%s", file->path);
  else
    snprintf(to, OLD_NAME_BYTES, "%s.%d", file->path, age);
}

/* Oldest first, so that every name is free when it is needed: Windows does not rename over a file. */
static void rotate(struct log_file *file) {
  char from[OLD_NAME_BYTES], to[OLD_NAME_BYTES];
  fclose(file->stream);
  file->stream = NULL;
  old_name(file, file->options.old_files, to);
  remove(to);
  for (int age = file->options.old_files - 1; age >= 0; age--) {
    old_name(file, age, from);
    old_name(file, age + 1, to);
    rename(from, to);
  }
}

static size_t stamp(const struct log_file *file, char to[STAMP_BYTES]) {
  const time_t now = file->options.now(NULL);
  const struct tm *utc = gmtime(&now);
  return utc ? strftime(to, STAMP_BYTES, "%Y-%m-%d %H:%M:%SZ ", utc) : 0;
}

static void write_line(struct log_file *file, const char *line) {
  char text[STAMP_BYTES + 1100];
  const size_t start = stamp(file, text);
  int length = snprintf(text + start, sizeof text - start, "%s\n", line);
  if (length >= (int)(sizeof text - start)) { /* longer than log_print() makes them */
    length = (int)(sizeof text - start) - 1;
    text[sizeof text - 2] = '\n';
  }
  const size_t bytes = start + (size_t)length;
  if (file->bytes > 0 && file->bytes + (long)bytes > file->options.bytes_max) {
    rotate(file);
    if (!open_stream(file))
      return;
  }
  fwrite(text, 1, bytes, file->stream);
  fflush(file->stream);
  file->bytes += (long)bytes;
}

void log_file_line(enum log_level level, const char *line, void *user_data) {
  (void)level;
  struct log_file *file = user_data;
  if (file->stream || open_stream(file))
    write_line(file, line);
}
