/* An INI file that nobody well-meaning wrote: our reader must make of it exactly what libinih makes of it. */
#include "common/ini_lines.h"
#include "fuzz/fuzz_input.h"
#include "support/ini_trace.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct ini_trace ours, theirs;
  ini_trace_read(ini_lines_parse, (const char *)data, bytes, &ours);
  ini_trace_read(ini_reader_parse, (const char *)data, bytes, &theirs);
  fuzz_require(ours.result == theirs.result);
  fuzz_require(ours.used == theirs.used && memcmp(ours.calls, theirs.calls, ours.used) == 0);
  return 0;
}
