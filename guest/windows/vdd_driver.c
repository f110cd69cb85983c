#define LOG_MODULE "display"
#include "guest/windows/vdd_driver.h"

#include "common/log.h"
#include "guest/core/vdd_settings.h"
#include "guest/windows/wide_text.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define DIRECTORY_DEFAULT L"C:\\VirtualDisplayDriver"
#define DIRECTORY_KEY L"SOFTWARE\\MikeTheTech\\VirtualDisplayDriver"
#define DIRECTORY_VALUE L"VDDPATH"
#define FILE_NAME L"\\vdd_settings.xml"
#define PIPE L"\\\\.\\pipe\\MTTVirtualDisplayPipe"
#define RELOAD L"RELOAD_DRIVER"
#define PIPE_WAIT_MS 500u
#define FINAL_PREFIX L"\\\\?\\"

static enum display_offer fail(const char *what) {
  char reason[160];
  log_warning("Virtual Display Driver cannot be told of a mode: %s: %s", what, system_error_text(GetLastError(), reason, sizeof reason));
  return DISPLAY_OFFER_NONE;
}

/* ---- the file ---- */

static void settings_path(wchar_t path[MAX_PATH]) {
  DWORD bytes = (DWORD)((MAX_PATH - wcslen(FILE_NAME)) * sizeof *path);
  if (RegGetValueW(HKEY_LOCAL_MACHINE, DIRECTORY_KEY, DIRECTORY_VALUE, RRF_RT_REG_SZ, NULL, path, &bytes) != ERROR_SUCCESS)
    wcscpy(path, DIRECTORY_DEFAULT);
  wcscat(path, FILE_NAME);
}

/* The directory may be anybody's, and we are SYSTEM: a link there must not lead our writing elsewhere. */
static bool is_where_it_seems(HANDLE file, const wchar_t *path) {
  wchar_t final[MAX_PATH + 8];
  const DWORD length = GetFinalPathNameByHandleW(file, final, MAX_PATH + 8, FILE_NAME_NORMALIZED);
  const size_t prefix = wcslen(FINAL_PREFIX);
  return length > prefix && length < MAX_PATH + 8 && wcsncmp(final, FINAL_PREFIX, prefix) == 0 && _wcsicmp(final + prefix, path) == 0;
}

static HANDLE open_settings(const wchar_t *path) {
  const HANDLE file =
      CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
  if (file == INVALID_HANDLE_VALUE || is_where_it_seems(file, path))
    return file;
  CloseHandle(file);
  SetLastError(ERROR_REPARSE_TAG_INVALID);
  return INVALID_HANDLE_VALUE;
}

/* The whole of it, ended by 0. False: an error, or larger than any that is honest. */
static bool read_all(HANDLE file, char text[VDD_SETTINGS_BYTES_MAX]) {
  DWORD bytes = 0;
  if (!ReadFile(file, text, VDD_SETTINGS_BYTES_MAX, &bytes, NULL))
    return false;
  SetLastError(ERROR_FILE_TOO_LARGE);
  if (bytes == VDD_SETTINGS_BYTES_MAX)
    return false;
  text[bytes] = 0;
  return true;
}

static bool write_all(HANDLE file, const char *text) {
  const DWORD bytes = (DWORD)strlen(text);
  DWORD written = 0;
  return SetFilePointer(file, 0, NULL, FILE_BEGIN) != INVALID_SET_FILE_POINTER && WriteFile(file, text, bytes, &written, NULL) &&
         written == bytes && SetEndOfFile(file);
}

static bool change(HANDLE file, const struct display_mode *mode, char *before, char *after) {
  if (!read_all(file, before))
    return false;
  if (vdd_settings_put_mode(before, mode, after, VDD_SETTINGS_BYTES_MAX) != 0) {
    SetLastError(ERROR_INVALID_DATA);
    return false;
  }
  return strcmp(before, after) == 0 || write_all(file, after);
}

static bool change_settings(const struct display_mode *mode) {
  wchar_t path[MAX_PATH];
  settings_path(path);
  const HANDLE file = open_settings(path);
  if (file == INVALID_HANDLE_VALUE)
    return false;
  char *texts = malloc(2 * VDD_SETTINGS_BYTES_MAX);
  const bool good = texts && change(file, mode, texts, texts + VDD_SETTINGS_BYTES_MAX);
  const DWORD error = GetLastError();
  free(texts);
  CloseHandle(file);
  SetLastError(error);
  return good;
}

/* ---- the pipe ---- */

/* Waits for what began on `pipe`, and not for ever: whoever made the pipe may be anybody. False: it failed, or took too long. */
static bool ends_within(HANDLE pipe, OVERLAPPED *wait, bool begun) {
  DWORD bytes = 0;
  if (!begun && GetLastError() != ERROR_IO_PENDING)
    return false;
  if (WaitForSingleObject(wait->hEvent, PIPE_WAIT_MS) != WAIT_OBJECT_0)
    CancelIo(pipe);
  return GetOverlappedResult(pipe, wait, &bytes, TRUE);
}

/* The command, and then an answer or the other side's end: one that we leave before it looks never hears us. */
static bool say_reload(HANDLE pipe) {
  char answer[64];
  OVERLAPPED wait = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
  if (!wait.hEvent)
    return false;
  const bool good = ends_within(pipe, &wait, WriteFile(pipe, RELOAD, sizeof RELOAD - sizeof(wchar_t), NULL, &wait));
  const DWORD error = GetLastError();
  if (good)
    ends_within(pipe, &wait, ReadFile(pipe, answer, sizeof answer, NULL, &wait));
  CloseHandle(wait.hEvent);
  SetLastError(error);
  return good;
}

/* One command a connection, in UTF-16. Whoever made the pipe may know who we are, and no more. */
static bool ask_to_reload(void) {
  if (!WaitNamedPipeW(PIPE, PIPE_WAIT_MS))
    return false;
  const DWORD flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
  const HANDLE pipe = CreateFileW(PIPE, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, flags, NULL);
  if (pipe == INVALID_HANDLE_VALUE)
    return false;
  const bool good = say_reload(pipe);
  const DWORD error = GetLastError();
  CloseHandle(pipe);
  SetLastError(error);
  return good;
}

enum display_offer vdd_driver_offer(const struct display_mode *mode) {
  if (!change_settings(mode))
    return fail("its vdd_settings.xml");
  if (!ask_to_reload())
    return fail("its pipe, by which it reads its settings again");
  log_info("Virtual Display Driver was told of a mode of %ux%u", mode->width, mode->height);
  return DISPLAY_OFFER_SOON;
}
