#include "guest/windows/region_device_windows.h"

#include "guest/windows/wide_text.h"
#include "protocol/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

/* The mapping keeps file and section alive. */
static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  (void)device;
  (void)peer_id;
  (void)vector;
}

static void destroy(struct region_device *device) {
  UnmapViewOfFile((void *)(uintptr_t)device->base);
  free(device);
}

static const struct region_device_impl impl = {.name = "file", .ring = ring, .destroy = destroy};

static HANDLE open_file(const char *path) {
  wchar_t *wide = wide_text(path);
  if (!wide) {
    SetLastError(ERROR_INVALID_NAME);
    return INVALID_HANDLE_VALUE;
  }
  const HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
  const DWORD error = GetLastError();
  free(wide);
  SetLastError(error);
  return file;
}

/* 0 = it has none, and is to get none. */
static uint64_t size_or_create(HANDLE file, uint64_t create_bytes) {
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file, &size))
    return 0;
  if (size.QuadPart > 0 || create_bytes == 0)
    return (uint64_t)size.QuadPart;
  size.QuadPart = (LONGLONG)create_bytes;
  return SetFilePointerEx(file, size, NULL, FILE_BEGIN) && SetEndOfFile(file) ? create_bytes : 0;
}

static void *map(HANDLE file) {
  const HANDLE section = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
  if (!section)
    return NULL;
  void *base = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
  const DWORD error = GetLastError();
  CloseHandle(section);
  SetLastError(error);
  return base;
}

static struct region_device *open_region(HANDLE file, const char *path, uint64_t create_bytes, char error[REGION_ERROR_BYTES]) {
  char reason[160];
  const uint64_t bytes = size_or_create(file, create_bytes);
  if (bytes < TRANSOM_REGION_BYTES_MIN || bytes > TRANSOM_REGION_BYTES_MAX) {
    snprintf(error, REGION_ERROR_BYTES, "%s: %llu bytes are no size for a region: 1 MiB to 16 GiB", path, (unsigned long long)bytes);
    return NULL;
  }
  void *base = map(file);
  struct region_device *device = base ? calloc(1, sizeof *device) : NULL;
  if (!device) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot be mapped: %s", path, system_error_text(GetLastError(), reason, sizeof reason));
    if (base)
      UnmapViewOfFile(base);
    return NULL;
  }
  *device = (struct region_device){.impl = &impl, .base = base, .bytes = bytes};
  snprintf(device->text, sizeof device->text, "%.90s, %llu MiB", path, (unsigned long long)(bytes >> 20));
  return device;
}

struct region_device *region_device_file_open(const char *path, uint64_t create_bytes, char error[REGION_ERROR_BYTES]) {
  char reason[160];
  const HANDLE file = open_file(path);
  if (file == INVALID_HANDLE_VALUE) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot be opened: %s", path, system_error_text(GetLastError(), reason, sizeof reason));
    return NULL;
  }
  struct region_device *device = open_region(file, path, create_bytes, error);
  CloseHandle(file);
  return device;
}
