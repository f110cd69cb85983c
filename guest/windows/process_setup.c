#define LOG_MODULE "agent"
#include "guest/windows/process_setup.h"

#include "common/log.h"

#include <string.h>
#include <windows.h>

#include <avrt.h>

#define GPU_PRIORITY_REALTIME 5 /* D3DKMT_SCHEDULINGPRIORITYCLASS_REALTIME */

typedef BOOL(WINAPI *set_awareness)(HANDLE context);
typedef LONG(WINAPI *set_gpu_priority)(HANDLE process, int priority);

static FARPROC find(const char *library, const char *name) {
  const HMODULE module = LoadLibraryA(library); /* stays for the process's life */
  return module ? GetProcAddress(module, name) : NULL;
}

/* Windows 10 1703. Else a scaled desktop lies about its size, and Desktop Duplication refuses. -4: per monitor, version 2. */
void process_setup_see_real_pixels(void) {
  const FARPROC found = find("user32.dll", "SetProcessDpiAwarenessContext");
  set_awareness set;
  memcpy(&set, &found, sizeof set);
  if (!set || !set((HANDLE)(intptr_t)-4))
    SetProcessDPIAware();
}

/* Needs an administrator's right; without it the guest's games come first. */
static void raise_gpu_priority(void) {
  const FARPROC found = find("gdi32.dll", "D3DKMTSetProcessSchedulingPriorityClass");
  set_gpu_priority set;
  memcpy(&set, &found, sizeof set);
  if (!set || set(GetCurrentProcess(), GPU_PRIORITY_REALTIME) != 0)
    log_debug("no real-time priority on the GPU: not an administrator, or not offered here");
}

void process_setup_begin(struct process_setup *setup) {
  process_setup_see_real_pixels();
  raise_gpu_priority();
  DWORD task = 0;
  setup->mmcss = AvSetMmThreadCharacteristicsW(L"Capture", &task);
  if (!setup->mmcss || !AvSetMmThreadPriority(setup->mmcss, AVRT_PRIORITY_CRITICAL))
    log_debug("no multimedia scheduling (MMCSS): error %lu", GetLastError());
}

void process_setup_end(struct process_setup *setup) {
  if (setup->mmcss)
    AvRevertMmThreadCharacteristics(setup->mmcss);
  setup->mmcss = NULL;
}
