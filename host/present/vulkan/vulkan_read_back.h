/* What the GPU holds, drawn 1:1 into an image of its own and read: screenshots and tests. Control plane; nothing may be in flight. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_READ_BACK_H
#define TRANSOM_HOST_PRESENT_VULKAN_READ_BACK_H

#include "host/present/vulkan/vulkan_painter.h"

/* `painting` but for framebuffer, size and pass, which are made here: the upright picture alone. `commands` are the caller's, of the
 * graphics family; `copies` is the timeline of uploads. `pixels` gets B, G, R, 255. */
VkResult vulkan_read_back(const struct vulkan_painter *painter, VkFormat format, VkCommandBuffer commands,
                          const struct vulkan_painting *painting, VkSemaphore copies, uint8_t *pixels);

#endif
