#include "guest/windows/input_desktop.h"

#include <string.h>
#include <windows.h>

static bool read_name(HDESK desktop, char name[64]) {
  DWORD bytes = 0;
  return GetUserObjectInformationA(desktop, UOI_NAME, name, 64, &bytes);
}

bool input_desktop_follow(struct input_desktop *desktop) {
  char name[64];
  if (!desktop->first) {
    desktop->first = GetThreadDesktop(GetCurrentThreadId());
    if (!read_name(desktop->first, desktop->name))
      desktop->name[0] = 0;
  }
  const HDESK input = OpenInputDesktop(0, FALSE, GENERIC_READ | DESKTOP_SWITCHDESKTOP);
  if (!input)
    return false;
  if (!read_name(input, name) || strcmp(name, desktop->name) == 0 || !SetThreadDesktop(input)) {
    CloseDesktop(input);
    return false;
  }
  if (desktop->desktop)
    CloseDesktop(desktop->desktop);
  desktop->desktop = input;
  memcpy(desktop->name, name, sizeof name);
  return true;
}

void input_desktop_finish(struct input_desktop *desktop) {
  if (desktop->desktop) {
    SetThreadDesktop(desktop->first);
    CloseDesktop(desktop->desktop);
  }
  memset(desktop, 0, sizeof *desktop);
}
