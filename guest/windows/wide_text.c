#include "guest/windows/wide_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

wchar_t *wide_text(const char *utf8) {
  const int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, NULL, 0);
  wchar_t *wide = count > 0 ? malloc((size_t)count * sizeof *wide) : NULL;
  if (wide && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, wide, count) != count) {
    free(wide);
    return NULL;
  }
  return wide;
}

char *narrow_text(const wchar_t *wide) {
  const int count = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
  char *utf8 = count > 0 ? malloc((size_t)count) : NULL;
  if (utf8 && WideCharToMultiByte(CP_UTF8, 0, wide, -1, utf8, count, NULL, NULL) != count) {
    free(utf8);
    return NULL;
  }
  return utf8;
}

#define MESSAGE_CHARS 160

static void cut_end(char *text) {
  size_t length = strlen(text);
  while (length > 0 && strchr("\r\n. ", text[length - 1]))
    text[--length] = 0;
}

const char *system_error_text(unsigned long error, char *to, size_t capacity) {
  const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  const DWORD english = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
  wchar_t wide[MESSAGE_CHARS];
  const bool known = FormatMessageW(flags, NULL, error, english, wide, MESSAGE_CHARS, NULL) != 0 ||
                     FormatMessageW(flags, NULL, error, 0, wide, MESSAGE_CHARS, NULL) != 0;
  char *text = known ? narrow_text(wide) : NULL; /* a system without English has it in letters of its own */
  if (text)
    cut_end(text);
  snprintf(to, capacity, "%s (%lu)", text ? text : "error", error);
  free(text);
  return to;
}
