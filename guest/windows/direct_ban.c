#include "guest/windows/direct_ban.h"

#include <windows.h>

#define BAN_KEY L"Software\\Transom no direct copies"

bool direct_ban_set(void) {
  HKEY key;
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, BAN_KEY, 0, NULL, REG_OPTION_VOLATILE, KEY_WRITE, NULL, &key, NULL) != ERROR_SUCCESS)
    return false;
  RegCloseKey(key);
  return true;
}

bool direct_ban_is_set(void) {
  HKEY key;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, BAN_KEY, 0, KEY_READ, &key) != ERROR_SUCCESS)
    return false;
  RegCloseKey(key);
  return true;
}

void direct_ban_lift(void) { RegDeleteKeyW(HKEY_LOCAL_MACHINE, BAN_KEY); /* not there: nothing to lift */ }
