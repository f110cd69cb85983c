/* Log lines into a file of bounded size: when it is full, it becomes NAME.1, NAME.1 becomes NAME.2 and so on, and the oldest is removed.
 * One writer a file (the service and its worker have one each). Control plane; any thread, under log_print()'s rules: a line is written
 * whole.
 *
 * A disk that is full, or a file that cannot be renamed, loses lines and never stops the program: the next line tries again. */
#ifndef TRANSOM_GUEST_CORE_LOG_FILE_H
#define TRANSOM_GUEST_CORE_LOG_FILE_H

#include "common/log.h"

#include <stdbool.h>
#include <time.h>

#define LOG_FILE_PATH_BYTES 300
#define LOG_FILE_OLD_MAX 9
/* What the agent uses: 4 files of 1 MiB at most. */
#define LOG_FILE_BYTES (1L << 20)
#define LOG_FILE_OLD 3

struct log_file;

struct log_file_options {
  const char *path;          /* in a directory that exists */
  long bytes_max;            /* of one file; a line is never split, so a file may be shorter by one */
  int old_files;             /* 0..LOG_FILE_OLD_MAX */
  time_t (*now)(time_t *to); /* time(); tests have another */
};

/* Continues a file that exists. NULL with errno: it cannot be written. */
struct log_file *log_file_create(const struct log_file_options *options);
void log_file_destroy(struct log_file *file);

/* A log_sink; `user_data` is the struct log_file. Writes "2026-11-26 00:34:03Z LINE". */
void log_file_line(enum log_level level, const char *line, void *user_data);

#endif
