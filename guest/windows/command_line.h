/* The command line as UTF-8, whatever the system's code page is. */
#ifndef TRANSOM_GUEST_WINDOWS_COMMAND_LINE_H
#define TRANSOM_GUEST_WINDOWS_COMMAND_LINE_H

#include <stddef.h>

char **command_line_utf8(int argc, wchar_t **wide); /* ends with NULL; NULL: out of memory, or no text */
void command_line_free(char **argv);

#endif
