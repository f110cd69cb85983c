#include "guest/linux/region_device_linux.h"

#include <stdio.h>
#include <string.h>

/* What an agent must not write to. The PCI device has looked already, to choose. */
static bool refuse_foreign(struct region_device *device, char error[REGION_ERROR_BYTES]) {
  if (region_device_owner(device) != REGION_FOREIGN)
    return false;
  snprintf(error, REGION_ERROR_BYTES, "%s holds something that is no region of ours: not touched; give another one, or zero it",
           device->text);
  device->impl->destroy(device);
  return true;
}

struct region_device *region_device_linux_open(const char *where, const char *address, uint64_t create_bytes,
                                               char error[REGION_ERROR_BYTES]) {
  struct region_device *device;
  if (strcmp(where, "auto") == 0)
    device = region_device_sysfs_open("", address, error);
  else if (strncmp(where, "server:", 7) == 0)
    device = region_device_peer_open(where + 7, error);
  else
    device = region_device_file_open(where, create_bytes, error);
  return device && !refuse_foreign(device, error) ? device : NULL;
}
