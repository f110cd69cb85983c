/* The virtio-win IVSHMEM driver: how to find its devices and what may be asked of them. Control plane, any thread.
 *
 * After kvm-guest-drivers-windows, ivshmem/Public.h. Lengths must match exactly. One mapping a device, for one program; closing the handle
 * unmaps. The doorbell and events belong to the handle that mapped. */
#ifndef TRANSOM_GUEST_WINDOWS_IVSHMEM_DRIVER_H
#define TRANSOM_GUEST_WINDOWS_IVSHMEM_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#define IVSHMEM_DEVICES_MAX 16u
#define IVSHMEM_PATH_CHARS 260u

enum ivshmem_cache { IVSHMEM_CACHE_UNCACHED = 0, IVSHMEM_CACHE_WRITE_BACK = 1, IVSHMEM_CACHE_COMBINING = 2 };

struct ivshmem_entry {
  wchar_t path[IVSHMEM_PATH_CHARS];
  uint32_t bus, address; /* of the PCI device; 0 where the system does not say */
  uint64_t bytes;        /* of its shared memory; 0 = it does not answer */
};

struct ivshmem_entries {
  uint32_t count;
  struct ivshmem_entry list[IVSHMEM_DEVICES_MAX];
};

struct ivshmem_mapping {
  void *base;
  uint64_t bytes;
  uint16_t peer_id, vectors;
};

/* By bus and address, so that a number means the same device after each boot. */
void ivshmem_driver_list(struct ivshmem_entries *found);

/* INVALID_HANDLE_VALUE, or a handle to close. */
void *ivshmem_driver_open(const struct ivshmem_entry *entry);

/* Each returns 0, or the system's error. */
unsigned long ivshmem_driver_size(void *handle, uint64_t *bytes);
unsigned long ivshmem_driver_map(void *handle, enum ivshmem_cache cache, struct ivshmem_mapping *mapping);
unsigned long ivshmem_driver_unmap(void *handle);
unsigned long ivshmem_driver_ring(void *handle, uint16_t peer_id, uint16_t vector); /* data plane */
unsigned long ivshmem_driver_register_event(void *handle, uint16_t vector, void *event);

#endif
