#include "guest/windows/region_device_windows.h"

#include <stdio.h>
#include <string.h>

static struct region_device *open_any(const struct agent_settings *settings, char error[REGION_ERROR_BYTES]) {
  if (strcmp(settings->region, "auto") != 0)
    return region_device_file_open(settings->region, (uint64_t)settings->publish.region_mib << 20, error);
  return region_device_ivshmem_open(settings->device, settings->cache_mode, error);
}

struct region_device *region_device_windows_open(const struct agent_settings *settings, char error[REGION_ERROR_BYTES]) {
  struct region_device *device = open_any(settings, error);
  if (device && region_device_owner(device) == REGION_FOREIGN) {
    snprintf(error, REGION_ERROR_BYTES, "%s holds something that is no region of ours: not touched; give another one, or zero it",
             device->text);
    device->impl->destroy(device);
    return NULL;
  }
  return device;
}
