/* Linux: the three ways to a region. Each returns NULL with one line for the user in `error`. */
#ifndef TRANSOM_GUEST_LINUX_REGION_DEVICE_LINUX_H
#define TRANSOM_GUEST_LINUX_REGION_DEVICE_LINUX_H

#include "guest/core/region_device.h"

#define REGION_ERROR_BYTES 256

/* A plain file, /dev/shm or /dev/kvmfr0 included: mapped whole, no doorbells. `create_bytes` 0 = it must exist; else a missing file is made
 * with that size. */
struct region_device *region_device_file_open(const char *path, uint64_t create_bytes, char error[REGION_ERROR_BYTES]);

/* A peer of an ivshmem server (transom-serve), for an agent without a VM. */
struct region_device *region_device_peer_open(const char *socket_path, char error[REGION_ERROR_BYTES]);

/* The VM's IVSHMEM device (PCI 1af4:1110), found below `root` ("" for this machine): the one at `address` ("0000:00:04.0"), or, when that
 * is empty, the largest that is blank or ours already. A device that holds anything else is never written to, unless it is named and to be
 * taken over. */
struct region_device *region_device_sysfs_open(const char *root, const char *address, bool take_over, char error[REGION_ERROR_BYTES]);

struct region_choice {
  const char *where;     /* "FILE", "server:SOCKET" or "auto" (the PCI device) */
  const char *address;   /* of the PCI device; "" = any */
  uint64_t create_bytes; /* of a missing file; 0 = it must exist */
  bool take_over;        /* whatever it holds */
};

struct region_device *region_device_linux_open(const struct region_choice *choice, char error[REGION_ERROR_BYTES]);

#endif
