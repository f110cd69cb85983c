/* How long a copy took by the device's own clock: two timestamps around it, without what submission and waiting cost. For measurements
 * alone, one copy at a time. The presenting thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_CLOCK_H
#define TRANSOM_HOST_PRESENT_VULKAN_CLOCK_H

#include "host/present/vulkan/vulkan_device.h"

struct vulkan_clock {
  const struct vulkan_device *device;
  VkQueryPool pool; /* NULL: the copying queue has no clock */
  uint64_t mask;    /* bits of a timestamp that count (timestampValidBits) */
};

VkResult vulkan_clock_init(struct vulkan_clock *clock, const struct vulkan_device *device); /* success also where there is none */
void vulkan_clock_finish(struct vulkan_clock *clock);                                       /* all zero is fine */

/* Around the copy, into its command buffer; the copy before it has been waited for. Nothing happens without a clock. */
void vulkan_clock_begin(struct vulkan_clock *clock, VkCommandBuffer commands);
void vulkan_clock_end(struct vulkan_clock *clock, VkCommandBuffer commands);

/* Of the copy that was waited for. False: nothing was measured. */
bool vulkan_clock_read(const struct vulkan_clock *clock, double *ns);

#endif
