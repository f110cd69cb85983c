/* The seam for the region's memory and doorbells: a PCI device, a plain file, a peer of transom-serve.
 *
 * Whoever opens one maps it; ownership of the memory goes with the device. Threads: one, the agent's. */
#ifndef TRANSOM_GUEST_CORE_REGION_DEVICE_H
#define TRANSOM_GUEST_CORE_REGION_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct region_device;

struct region_device_impl {
  const char *name;
  void (*ring)(struct region_device *device, uint32_t peer_id, uint32_t vector); /* data plane; does nothing where there are no bells */
  /* optional: what the system can wait for, a file descriptor or a HANDLE: something happened on the host's side; -1 = none */
  intptr_t (*event)(struct region_device *device);
  void (*event_take)(struct region_device *device); /* with event: clears it */
  void (*destroy)(struct region_device *device);
};

struct region_device {
  const struct region_device_impl *impl;
  volatile uint8_t *base;
  uint64_t bytes;
  bool has_doorbell;
  volatile bool lost; /* the memory went away (driver restarted, device removed): what is written goes nowhere. Open it anew */
  char text[128];     /* what it is, for logs: "0000:00:04.0, 128 MiB" */
};

/* Whose memory is this? Looked at before the first write: an agent formats what is blank or already a region of ours, nothing else. */
enum region_owner { REGION_BLANK, REGION_OURS, REGION_FOREIGN };
enum region_owner region_device_owner(const struct region_device *device);

#endif
