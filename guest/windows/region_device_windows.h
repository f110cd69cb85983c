/* Ways to the region's memory on Windows. All return NULL and one line in `error` when they cannot. */
#ifndef TRANSOM_GUEST_WINDOWS_REGION_DEVICE_WINDOWS_H
#define TRANSOM_GUEST_WINDOWS_REGION_DEVICE_WINDOWS_H

#include "guest/core/region_device.h"
#include "guest/windows/agent_settings.h"

#define REGION_ERROR_BYTES 320

/* What the settings ask for. */
struct region_device *region_device_windows_open(const struct agent_settings *settings, char error[REGION_ERROR_BYTES]);

/* The first of the driver's devices that fits `wanted` (a number, a size such as "128M", or "" = any) and is blank or ours. `cache_mode`:
 * enum agent_cache_mode. */
struct region_device *region_device_ivshmem_open(const char *wanted, int cache_mode, char error[REGION_ERROR_BYTES]);

/* A mapped file: tests, and Wine, where the file lies on the host. Made with `create_bytes` when it is not there or empty; 0 = never. */
struct region_device *region_device_file_open(const char *path, uint64_t create_bytes, char error[REGION_ERROR_BYTES]);

#endif
