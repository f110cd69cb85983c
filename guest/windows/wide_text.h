/* Between our UTF-8 and the system's UTF-16. Control plane, any thread. */
#ifndef TRANSOM_GUEST_WINDOWS_WIDE_TEXT_H
#define TRANSOM_GUEST_WINDOWS_WIDE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The caller frees. NULL: out of memory, or not valid text. */
wchar_t *wide_text(const char *utf8);
char *narrow_text(const wchar_t *wide);

/* "Access is denied (5)": what a GetLastError() number means, in one line without its full stop. Returns `to`. */
const char *system_error_text(unsigned long error, char *to, size_t capacity);

#endif
