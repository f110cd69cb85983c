#include "common/ini_reader.h"

#include <ini.h>

FILE *ini_reader_open(const char *path) { return fopen(path, "re"); }

int ini_reader_parse(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data) {
  return ini_parse_stream(next_line, stream, handler, user_data);
}
