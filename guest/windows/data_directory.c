#include "guest/windows/data_directory.h"

#include "guest/windows/wide_text.h"

#include <aclapi.h>
#include <sddl.h>
#include <shlobj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

/* Protected from what ProgramData hands down; SYSTEM and administrators: all, users: read. */
#define RIGHTS L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)"

static bool wide_path(const char *name, wchar_t path[MAX_PATH]) {
  wchar_t *folder = NULL;
  wchar_t wide_name[64];
  if (MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 64) == 0 ||
      SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &folder) != S_OK)
    return false;
  const int length = _snwprintf(path, MAX_PATH, L"%ls\\Transom%ls%ls", folder, name[0] ? L"\\" : L"", wide_name);
  CoTaskMemFree(folder);
  return length > 0 && length < MAX_PATH;
}

bool data_directory_path(const char *name, char path[DATA_PATH_BYTES]) {
  wchar_t wide[MAX_PATH];
  return wide_path(name, wide) && WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, DATA_PATH_BYTES, NULL, NULL) > 0;
}

static bool fail(char error[DATA_ERROR_BYTES], const char *what, DWORD code) {
  char path[DATA_PATH_BYTES], reason[160];
  if (!data_directory_path("", path))
    strcpy(path, "ProgramData\\Transom");
  snprintf(error, DATA_ERROR_BYTES, "%.120s %s: %s", path, what, system_error_text(code, reason, sizeof reason));
  return false;
}

/* Ours: of SYSTEM, of the administrators, or of whoever runs us now. */
static bool is_our_owner(PSID owner) {
  BYTE buffer[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  DWORD bytes;
  HANDLE token;
  if (IsWellKnownSid(owner, WinLocalSystemSid) || IsWellKnownSid(owner, WinBuiltinAdministratorsSid))
    return true;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
    return false;
  const bool known = GetTokenInformation(token, TokenUser, buffer, sizeof buffer, &bytes);
  CloseHandle(token);
  return known && EqualSid(owner, ((const TOKEN_USER *)buffer)->User.Sid);
}

static bool take_over(wchar_t *path, PACL rights, char error[DATA_ERROR_BYTES]) {
  PSID owner;
  PSECURITY_DESCRIPTOR found;
  DWORD code = GetNamedSecurityInfoW(path, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &found);
  if (code != ERROR_SUCCESS)
    return fail(error, "cannot be examined", code);
  const bool ours = is_our_owner(owner);
  LocalFree(found);
  if (!ours)
    return fail(error, "belongs to another user; remove it", ERROR_ACCESS_DENIED);
  code = SetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, NULL, NULL, rights,
                               NULL);
  return code == ERROR_SUCCESS || fail(error, "cannot be given its rights", code);
}

bool data_directory_create(char error[DATA_ERROR_BYTES]) {
  wchar_t path[MAX_PATH];
  SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
  BOOL present, defaulted;
  PACL rights;
  if (!wide_path("", path))
    return fail(error, "has no place", ERROR_PATH_NOT_FOUND);
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(RIGHTS, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL))
    return fail(error, "cannot be given its rights", GetLastError());
  bool good = CreateDirectoryW(path, &attributes);
  if (!good && GetLastError() != ERROR_ALREADY_EXISTS)
    fail(error, "cannot be made", GetLastError());
  else if (!good)
    good = GetSecurityDescriptorDacl(attributes.lpSecurityDescriptor, &present, &rights, &defaulted) && take_over(path, rights, error);
  LocalFree(attributes.lpSecurityDescriptor);
  return good;
}

static void remove_files(void) {
  wchar_t pattern[MAX_PATH], path[MAX_PATH];
  WIN32_FIND_DATAW found;
  if (!wide_path("*", pattern))
    return;
  const HANDLE search = FindFirstFileW(pattern, &found);
  if (search == INVALID_HANDLE_VALUE)
    return;
  do {
    const int stem = (int)wcslen(pattern) - 1; /* without the star */
    const int length = _snwprintf(path, MAX_PATH, L"%.*ls%ls", stem, pattern, found.cFileName);
    if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) && length > 0 && length < MAX_PATH)
      DeleteFileW(path);
  } while (FindNextFileW(search, &found));
  FindClose(search);
}

bool data_directory_remove(char error[DATA_ERROR_BYTES]) {
  wchar_t path[MAX_PATH];
  remove_files();
  if (!wide_path("", path))
    return fail(error, "has no place", ERROR_PATH_NOT_FOUND);
  if (RemoveDirectoryW(path) || GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND)
    return true;
  return fail(error, "cannot be removed", GetLastError());
}

static bool write_all(const wchar_t *path, const char *text) {
  FILE *stream = _wfopen(path, L"wbN");
  if (!stream)
    return false;
  const bool written = fputs(text, stream) >= 0;
  return fclose(stream) == 0 && written;
}

bool data_directory_write(const char *name, const char *text) {
  char temporary[48];
  wchar_t from[MAX_PATH], to[MAX_PATH];
  snprintf(temporary, sizeof temporary, "%.40s.new", name);
  return wide_path(temporary, from) && wide_path(name, to) && write_all(from, text) &&
         MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}
