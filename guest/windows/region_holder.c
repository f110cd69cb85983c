#include "guest/windows/region_holder.h"

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#include <tlhelp32.h>

struct holder {
  const wchar_t *program; /* its process, or NULL */
  const wchar_t *service; /* its service, or NULL */
  const char *text;
};

/* Programs that are known to use the device. A display driver (IDD) has no process of its own; its helper service tells. */
static const struct holder holders[] = {
    {L"looking-glass-host.exe", L"Looking Glass (host)",
     "Looking Glass's host has it; run as administrator: sc stop \"Looking Glass (host)\""},
    {L"LGIddHelper.exe", L"Looking Glass (IDD Helper)",
     "Looking Glass's display driver has it; disable its device in the Device Manager (Display adapters)"},
    {L"transom-agent.exe", NULL, "another transom-agent has it; run as administrator: sc stop transom-agent"},
};

/* A process of that name other than this one. */
static bool runs(const wchar_t *program) {
  const HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (snapshot == INVALID_HANDLE_VALUE)
    return false;
  PROCESSENTRY32W entry = {.dwSize = sizeof entry};
  bool found = false;
  for (BOOL more = Process32FirstW(snapshot, &entry); more && !found; more = Process32NextW(snapshot, &entry))
    found = _wcsicmp(entry.szExeFile, program) == 0 && entry.th32ProcessID != GetCurrentProcessId();
  CloseHandle(snapshot);
  return found;
}

static bool serves(const wchar_t *name) {
  const SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (!manager)
    return false;
  const SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
  SERVICE_STATUS status;
  const bool running = service && QueryServiceStatus(service, &status) && status.dwCurrentState != SERVICE_STOPPED;
  if (service)
    CloseServiceHandle(service);
  CloseServiceHandle(manager);
  return running;
}

const char *region_holder_text(char *to, size_t capacity) {
  for (size_t i = 0; i < sizeof holders / sizeof holders[0]; i++) {
    const struct holder *holder = &holders[i];
    if ((holder->program && runs(holder->program)) || (holder->service && serves(holder->service))) {
      snprintf(to, capacity, "%s", holder->text);
      return to;
    }
  }
  snprintf(to, capacity, "another program has it, which one the driver does not say: end what else uses IVSHMEM");
  return to;
}
