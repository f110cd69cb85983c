/* For tests: a guest link whose clock and ticks are the test's. */
#ifndef TRANSOM_HOST_LINK_GUEST_LINK_INTERNAL_H
#define TRANSOM_HOST_LINK_GUEST_LINK_INTERNAL_H

#include "host/link/guest_link.h"
#include "host/link/wake_throttle.h"

/* Replaces CLOCK_MONOTONIC and stops the link's own timer: from now on guest_link_tick() is called by hand. */
void guest_link_set_clock(struct guest_link *link, uint64_t (*now_ns)(void));
void guest_link_tick(struct guest_link *link);

const struct wake_throttle *guest_link_throttle(const struct guest_link *link);
bool guest_link_is_controller(const struct guest_link *link);

#endif
