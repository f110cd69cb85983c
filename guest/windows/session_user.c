#include "guest/windows/session_user.h"

#include <windows.h>

#include <wtsapi32.h>

bool session_user_is_none(void) {
  wchar_t *name = NULL;
  DWORD bytes = 0;
  if (!WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, WTS_CURRENT_SESSION, WTSUserName, &name, &bytes) || !name)
    return false;
  const bool none = name[0] == 0;
  WTSFreeMemory(name);
  return none;
}
