/* Wakes the consumers that asked for it: one look at their lines, one ring for each that is armed. Data plane, the agent's thread. */
#ifndef TRANSOM_GUEST_CORE_DOORBELL_H
#define TRANSOM_GUEST_CORE_DOORBELL_H

#include "guest/core/region_device.h"
#include "protocol/consumer.h"

struct doorbell {
  struct transom_consumers consumers;
  struct region_device *device;
  uint64_t rung; /* bells rung since the start */
};

void doorbell_init(struct doorbell *doorbell, struct region_device *device, const struct transom_region *region);

/* Call once the region is formatted: consumers of the epoch before it learn of this one. */
void doorbell_tell_of_epoch(struct doorbell *doorbell);

/* Call after publishing what `wake` (enum transom_wake) names. */
void doorbell_signal(struct doorbell *doorbell, uint32_t wake, uint32_t head);

#endif
