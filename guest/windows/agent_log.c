#define LOG_MODULE "log"
#include "guest/windows/agent_log.h"

#include "common/log.h"
#include "guest/core/log_file.h"
#include "guest/windows/data_directory.h"

#include <errno.h>
#include <string.h>

static struct log_file *file; /* common/log.h has one sink a process */

bool agent_log_open(const char *name) {
  char path[DATA_PATH_BYTES], error[DATA_ERROR_BYTES];
  if (!data_directory_create(error)) {
    log_error("%s", error);
    return false;
  }
  if (!data_directory_path(name, path))
    return false;
  file = log_file_create(&(struct log_file_options){.path = path, .bytes_max = LOG_FILE_BYTES, .old_files = LOG_FILE_OLD, .now = time});
  if (!file) {
    log_error("%s cannot be written: %s", path, strerror(errno));
    return false;
  }
  log_set_sink(log_file_line, file);
  return true;
}

void agent_log_close(void) {
  log_set_sink(NULL, NULL);
  log_file_destroy(file);
  file = NULL;
}
