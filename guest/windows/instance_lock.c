#define LOG_MODULE "agent"
#include "guest/windows/instance_lock.h"

#include "common/log.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/wide_text.h"

#include <stdlib.h>
#include <windows.h>

#define LOCK_NAME "agent.lock"

static HANDLE held = INVALID_HANDLE_VALUE; /* a process is one agent */

static HANDLE open_lock(DWORD disposition) {
  char path[DATA_PATH_BYTES];
  wchar_t *wide = data_directory_path(LOCK_NAME, path) ? wide_text(path) : NULL;
  if (!wide)
    return INVALID_HANDLE_VALUE;
  const HANDLE file = CreateFileW(wide, GENERIC_WRITE | DELETE, 0, NULL, disposition, FILE_FLAG_DELETE_ON_CLOSE, NULL);
  const DWORD code = GetLastError();
  free(wide);
  SetLastError(code);
  return file;
}

static void explain(DWORD code) {
  char reason[160];
  if (code == ERROR_SHARING_VIOLATION)
    log_error("the service has a worker already; `transom-agent status` tells which");
  else
    log_error("%s cannot be taken: %s", LOCK_NAME, system_error_text(code, reason, sizeof reason));
}

bool instance_lock_acquire(void) {
  char error[DATA_ERROR_BYTES];
  held = open_lock(OPEN_ALWAYS);
  if (held == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PATH_NOT_FOUND) {
    if (!data_directory_create(error)) {
      log_error("%s", error);
      return false;
    }
    held = open_lock(OPEN_ALWAYS);
  }
  if (held == INVALID_HANDLE_VALUE)
    explain(GetLastError());
  return held != INVALID_HANDLE_VALUE;
}

void instance_lock_release(void) {
  if (held != INVALID_HANDLE_VALUE)
    CloseHandle(held);
  held = INVALID_HANDLE_VALUE;
}

bool instance_lock_is_taken(void) {
  const HANDLE file = open_lock(OPEN_EXISTING);
  if (file != INVALID_HANDLE_VALUE)
    CloseHandle(file);
  return file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_SHARING_VIOLATION;
}
