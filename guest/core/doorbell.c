#include "guest/core/doorbell.h"

void doorbell_init(struct doorbell *doorbell, struct region_device *device, const struct transom_region *region) {
  consumers_init(&doorbell->consumers, region);
  doorbell->device = device;
}

static void ring(struct doorbell *doorbell, const struct transom_bell *bells, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    doorbell->device->impl->ring(doorbell->device, bells[i].peer_id, bells[i].vector);
  doorbell->rung += count;
}

void doorbell_tell_of_epoch(struct doorbell *doorbell) {
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  ring(doorbell, bells, consumers_left_behind(&doorbell->consumers, bells));
}

void doorbell_signal(struct doorbell *doorbell, uint32_t wake, uint32_t head) {
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  ring(doorbell, bells, consumers_signal(&doorbell->consumers, wake, head, bells));
}
