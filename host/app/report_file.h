/* A report's place as options name it: a file, "-" for standard output, "" for none. Control plane. */
#ifndef TRANSOM_HOST_APP_REPORT_FILE_H
#define TRANSOM_HOST_APP_REPORT_FILE_H

#include <stdbool.h>
#include <stdio.h>

bool report_file_is_stdout(const char *path);

/* False: said why on the log. */
bool report_file_write(const char *path, void (*write)(FILE *out, void *user_data), void *user_data);

#endif
