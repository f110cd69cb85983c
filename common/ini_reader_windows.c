#include "common/ini_lines.h"
#include "common/ini_reader.h"

#include <errno.h>
#include <windows.h>

FILE *ini_reader_open(const char *path) {
  wchar_t wide[MAX_PATH];
  if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, MAX_PATH) == 0) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return _wfopen(wide, L"rN");
}

int ini_reader_parse(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data) {
  return ini_lines_parse(next_line, stream, handler, user_data);
}
