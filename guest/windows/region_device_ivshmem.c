#include "guest/windows/ivshmem_driver.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/region_holder.h"
#include "guest/windows/wide_text.h"
#include "protocol/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* The host rings the guest on this vector: whatever happened, the agent looks at everything. */
#define OWN_VECTOR 0u

struct ivshmem_device {
  struct region_device device;
  HANDLE handle, event; /* event NULL = the device has no vectors: polling */
};

/* ---- the device ---- */

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  const struct ivshmem_device *self = (const struct ivshmem_device *)device;
  if (device->has_doorbell && peer_id <= UINT16_MAX)
    ivshmem_driver_ring(self->handle, (uint16_t)peer_id, (uint16_t)vector); /* a lost bell costs time only: consumers look by themselves */
}

static intptr_t event(struct region_device *device) {
  const struct ivshmem_device *self = (const struct ivshmem_device *)device;
  return self->event ? (intptr_t)self->event : -1;
}

static void event_take(struct region_device *device) { (void)device; /* it resets itself */ }

static void destroy(struct region_device *device) {
  struct ivshmem_device *self = (struct ivshmem_device *)device;
  if (!device->lost)
    ivshmem_driver_unmap(self->handle);
  CloseHandle(self->handle); /* unmaps as well, and forgets the event */
  if (self->event)
    CloseHandle(self->event);
  free(self);
}

static const struct region_device_impl impl = {
    .name = "ivshmem", .ring = ring, .event = event, .event_take = event_take, .destroy = destroy};

/* ---- opening one ---- */

static const char *cache_name(int mode) {
  static const char *const names[] = {"write-combining", "write-back", "uncached"};
  return names[mode];
}

static enum ivshmem_cache cache_of(int mode) {
  static const enum ivshmem_cache caches[] = {IVSHMEM_CACHE_COMBINING, IVSHMEM_CACHE_WRITE_BACK, IVSHMEM_CACHE_UNCACHED};
  return caches[mode];
}

/* Without vectors, or when the driver refuses, there is polling. */
static HANDLE register_event(HANDLE handle, uint16_t vectors) {
  const HANDLE created = vectors > OWN_VECTOR ? CreateEventW(NULL, FALSE, FALSE, NULL) : NULL;
  if (created && ivshmem_driver_register_event(handle, OWN_VECTOR, created) != ERROR_SUCCESS) {
    CloseHandle(created);
    return NULL;
  }
  return created;
}

static struct region_device *wrap(HANDLE handle, const struct ivshmem_mapping *mapping, uint32_t number, int cache_mode) {
  struct ivshmem_device *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  *self = (struct ivshmem_device){.handle = handle, .event = register_event(handle, mapping->vectors)};
  self->device =
      (struct region_device){.impl = &impl, .base = mapping->base, .bytes = mapping->bytes, .has_doorbell = mapping->vectors > 0};
  snprintf(self->device.text, sizeof self->device.text, "IVSHMEM device %u, %llu MiB, %s, %s", number,
           (unsigned long long)(mapping->bytes >> 20), cache_name(cache_mode), self->device.has_doorbell ? "doorbells" : "no doorbells");
  return &self->device;
}

/* Takes over `handle`, also when it fails. The driver says in several ways that somebody else maps it; none is documented. */
static struct region_device *map(HANDLE handle, uint32_t number, int cache_mode, char error[REGION_ERROR_BYTES]) {
  struct ivshmem_mapping mapping;
  char reason[100], holder[160];
  const unsigned long failure = ivshmem_driver_map(handle, cache_of(cache_mode), &mapping);
  struct region_device *device = failure ? NULL : wrap(handle, &mapping, number, cache_mode);
  if (device)
    return device;
  CloseHandle(handle);
  if (failure == ERROR_NOT_READY)
    snprintf(error, REGION_ERROR_BYTES, "IVSHMEM device %u is not ready yet: its server has given it no number", number);
  else if (failure)
    snprintf(error, REGION_ERROR_BYTES, "IVSHMEM device %u cannot be mapped (%s): %s", number,
             system_error_text(failure, reason, sizeof reason), region_holder_text(holder, sizeof holder));
  else
    snprintf(error, REGION_ERROR_BYTES, "out of memory");
  return NULL;
}

static bool has_a_regions_size(const struct ivshmem_entry *entry) {
  return entry->bytes >= TRANSOM_REGION_BYTES_MIN && entry->bytes <= TRANSOM_REGION_BYTES_MAX;
}

static struct region_device *try_entry(const struct ivshmem_entry *entry, uint32_t number, int cache_mode, char error[REGION_ERROR_BYTES]) {
  if (!has_a_regions_size(entry)) {
    snprintf(error, REGION_ERROR_BYTES, "IVSHMEM device %u: its shared memory has %llu bytes, a region 1 MiB to 16 GiB", number,
             (unsigned long long)entry->bytes);
    return NULL;
  }
  const HANDLE handle = ivshmem_driver_open(entry);
  if (handle == INVALID_HANDLE_VALUE) {
    char reason[160];
    snprintf(error, REGION_ERROR_BYTES, "IVSHMEM device %u cannot be opened: %s", number,
             system_error_text(GetLastError(), reason, sizeof reason));
    return NULL;
  }
  struct region_device *device = map(handle, number, cache_mode, error);
  if (device && region_device_owner(device) == REGION_FOREIGN) {
    snprintf(error, REGION_ERROR_BYTES, "IVSHMEM device %u holds something that is no region of ours: not touched; give another one",
             number);
    device->impl->destroy(device);
    return NULL;
  }
  return device;
}

/* ---- choosing ---- */

/* "2" is a number, "128M" a size. */
static bool matches(const char *wanted, uint32_t number, const struct ivshmem_entry *entry) {
  char *end;
  const unsigned long long value = strtoull(wanted, &end, 10);
  if (wanted[0] == 0)
    return true;
  if (*end == 'M' || *end == 'G')
    return entry->bytes == value << (*end == 'M' ? 20 : 30);
  return *end == 0 && value == number;
}

struct region_device *region_device_ivshmem_open(const char *wanted, int cache_mode, char error[REGION_ERROR_BYTES]) {
  struct ivshmem_entries *found = calloc(1, sizeof *found);
  if (!found) {
    snprintf(error, REGION_ERROR_BYTES, "out of memory");
    return NULL;
  }
  ivshmem_driver_list(found);
  snprintf(error, REGION_ERROR_BYTES, "no IVSHMEM device%s%s: add one to the VM, and install its driver (virtio-win's ivshmem.inf)",
           wanted[0] ? " like " : "", wanted);
  struct region_device *device = NULL;
  for (uint32_t i = 0; i < found->count && !device; i++) {
    if (matches(wanted, i, &found->list[i]))
      device = try_entry(&found->list[i], i, cache_mode, error);
  }
  free(found);
  return device;
}
