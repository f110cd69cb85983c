#include "guest/windows/region_guard.h"

#include <windows.h>

/* The handler has no argument of ours. */
static struct region_device *guarded;
static void *handler;
static volatile LONG replaced; /* private memory lies there now */

static bool is_inside(const struct region_device *device, ULONG_PTR address) {
  return device && address >= (ULONG_PTR)device->base && address - (ULONG_PTR)device->base < device->bytes;
}

/* Reserved whole, filled page by page: most of a region is not touched between the loss and the agent's next step. */
static bool replace(struct region_device *device, ULONG_PTR address) {
  void *base = (void *)(uintptr_t)device->base;
  if (!replaced) {
    if (!VirtualAlloc(base, (SIZE_T)device->bytes, MEM_RESERVE, PAGE_READWRITE))
      return false; /* still mapped: an access violation of another kind, or a page that cannot be read any more */
    replaced = 1;
  }
  device->lost = true;
  return VirtualAlloc((void *)address, 1, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers) {
  const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
  if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record->NumberParameters < 2)
    return EXCEPTION_CONTINUE_SEARCH;
  const ULONG_PTR address = record->ExceptionInformation[1];
  return is_inside(guarded, address) && replace(guarded, address) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

bool region_guard_init(struct region_device *device) {
  guarded = device;
  replaced = 0;
  handler = AddVectoredExceptionHandler(1, on_exception);
  return handler != NULL;
}

void region_guard_finish(void) {
  if (handler)
    RemoveVectoredExceptionHandler(handler);
  if (guarded && replaced)
    VirtualFree((void *)(uintptr_t)guarded->base, 0, MEM_RELEASE);
  guarded = NULL;
  handler = NULL;
  replaced = 0;
}
