/* One INI file, line by line, into a handler. Control plane, start of a program; any thread.
 *
 * libinih where there is one (ini_reader_linux.c). Debian packages none for MinGW, so the Windows agent reads by ini_lines.c, which keeps
 * libinih's rules; a test and a fuzz target hold the two against each other. */
#ifndef TRANSOM_COMMON_INI_READER_H
#define TRANSOM_COMMON_INI_READER_H

#include <stdio.h>

/* Like fgets(): at most capacity - 1 bytes of the next line and a 0; NULL at the end. */
typedef char *(*ini_reader_line)(char *to, int capacity, void *stream);

/* Strings live until the handler returns. 0 = the line is at fault. */
typedef int (*ini_reader_handler)(void *user_data, const char *section, const char *name, const char *value);

/* For reading; no child inherits it. NULL with errno set. `path` is UTF-8. */
FILE *ini_reader_open(const char *path);

/* Reads all of it. Returns the number of the first faulty line, 0 when there was none; negative: out of memory. */
int ini_reader_parse(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data);

#endif
