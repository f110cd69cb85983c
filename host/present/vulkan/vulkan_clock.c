#include "host/present/vulkan/vulkan_clock.h"

enum { QUERY_BEGIN, QUERY_END, QUERIES };

VkResult vulkan_clock_init(struct vulkan_clock *clock, const struct vulkan_device *device) {
  const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP, .queryCount = QUERIES};
  uint32_t bits = device->timestamp_bits;
  *clock = (struct vulkan_clock){.device = device, .mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1};
  if (bits == 0)
    return VK_SUCCESS;
  VkResult result = vkCreateQueryPool(device->handle, &info, NULL, &clock->pool);
  if (result == VK_SUCCESS)
    vkResetQueryPool(device->handle, clock->pool, 0, QUERIES);
  return result;
}

void vulkan_clock_finish(struct vulkan_clock *clock) {
  if (clock->pool)
    vkDestroyQueryPool(clock->device->handle, clock->pool, NULL);
  *clock = (struct vulkan_clock){0};
}

/* Reset by the host: a queue that only copies knows no such command. Both stamps are taken at the copy's stage, so that a wait for a
 * drawing before it does not count, and the copy begins after the first: a rasteriser would take both stamps after it. */
void vulkan_clock_begin(struct vulkan_clock *clock, VkCommandBuffer commands) {
  if (!clock->pool)
    return;
  vkResetQueryPool(clock->device->handle, clock->pool, 0, QUERIES);
  vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, clock->pool, QUERY_BEGIN);
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 0, NULL);
}

void vulkan_clock_end(struct vulkan_clock *clock, VkCommandBuffer commands) {
  if (clock->pool)
    vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, clock->pool, QUERY_END);
}

bool vulkan_clock_read(const struct vulkan_clock *clock, double *ns) {
  uint64_t ticks[QUERIES];
  if (!clock->pool || vkGetQueryPoolResults(clock->device->handle, clock->pool, 0, QUERIES, sizeof ticks, ticks, sizeof ticks[0],
                                            VK_QUERY_RESULT_64_BIT) != VK_SUCCESS)
    return false;
  *ns = (double)((ticks[QUERY_END] - ticks[QUERY_BEGIN]) & clock->mask) * (double)clock->device->properties.limits.timestampPeriod;
  return true;
}
