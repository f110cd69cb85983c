#define LOG_MODULE "latency"
#include "host/app/report_file.h"

#include "common/log.h"

#include <errno.h>
#include <string.h>

bool report_file_is_stdout(const char *path) { return strcmp(path, "-") == 0; }

bool report_file_write(const char *path, void (*write)(FILE *out, void *user_data), void *user_data) {
  if (!path[0])
    return true;
  FILE *out = report_file_is_stdout(path) ? stdout : fopen(path, "we");
  bool good = out != NULL;
  if (out) {
    write(out, user_data);
    good = fflush(out) == 0 && !ferror(out);
    if (out != stdout)
      good = fclose(out) == 0 && good;
  }
  if (!good)
    log_error("cannot write the report %s: %s", path, strerror(errno));
  return good;
}
