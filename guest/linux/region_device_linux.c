#include "guest/linux/region_device_linux.h"

#include <stdio.h>
#include <string.h>

/* What an agent must not write to. The PCI device has looked already, to choose. */
static bool refuse_foreign(struct region_device *device, char error[REGION_ERROR_BYTES]) {
  if (region_device_owner(device) != REGION_FOREIGN)
    return false;
  snprintf(error, REGION_ERROR_BYTES,
           "%s holds something that is no region of ours: not touched; restart the VM, give another one, or use --take-over", device->text);
  device->impl->destroy(device);
  return true;
}

struct region_device *region_device_linux_open(const struct region_choice *choice, char error[REGION_ERROR_BYTES]) {
  struct region_device *device;
  if (strcmp(choice->where, "auto") == 0)
    device = region_device_sysfs_open("", choice->address, choice->take_over, error);
  else if (strncmp(choice->where, "server:", 7) == 0)
    device = region_device_peer_open(choice->where + 7, error);
  else
    device = region_device_file_open(choice->where, choice->create_bytes, error);
  return device && (choice->take_over || !refuse_foreign(device, error)) ? device : NULL;
}
