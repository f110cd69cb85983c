/* The window's images: chosen, made anew when the window changes, acquired and presented. The presenting thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_SWAPCHAIN_H
#define TRANSOM_HOST_PRESENT_VULKAN_SWAPCHAIN_H

#include "host/present/present_policy.h"
#include "host/present/vulkan/vulkan_device.h"

#define VULKAN_SWAPCHAIN_IMAGES_MAX 8u

struct vulkan_swapchain {
  const struct vulkan_device *device;
  VkRenderPass pass;
  VkFormat format;
  VkSwapchainKHR handle; /* VK_NULL_HANDLE: the window has no area, or renew() has not been called */
  VkExtent2D extent;
  enum present_mode mode;
  uint32_t count;
  VkImage images[VULKAN_SWAPCHAIN_IMAGES_MAX];
  VkImageView views[VULKAN_SWAPCHAIN_IMAGES_MAX];
  VkFramebuffer framebuffers[VULKAN_SWAPCHAIN_IMAGES_MAX];
  VkSemaphore drawn[VULKAN_SWAPCHAIN_IMAGES_MAX];
  VkSemaphore free;   /* signalled by acquire */
  uint32_t presented; /* pictures, by this handle */
  bool is_old;        /* the window has changed since: renew() before the next acquire */
  bool is_suboptimal; /* the driver said so of this chain, and the window was looked at */
};

/* Eight bits a channel, no conversion on the way out. False: the surface has nothing like it. */
bool vulkan_swapchain_format(const struct vulkan_device *device, VkFormat *format);
/* Bits of enum present_mode that the surface can do. */
uint32_t vulkan_swapchain_modes(const struct vulkan_device *device);

VkResult vulkan_swapchain_init(struct vulkan_swapchain *chain, const struct vulkan_device *device, VkRenderPass pass, VkFormat format);
void vulkan_swapchain_finish(struct vulkan_swapchain *chain); /* nothing may be in flight */

/* For a window of this size; nothing may be in flight. VK_SUCCESS with no handle when the window has no area now. */
VkResult vulkan_swapchain_renew(struct vulkan_swapchain *chain, uint32_t width, uint32_t height, enum present_mode mode);

/* VK_SUCCESS; VK_TIMEOUT no image is free yet; VK_ERROR_OUT_OF_DATE_KHR renew first. `free` is signalled when it may be drawn. */
VkResult vulkan_swapchain_acquire(struct vulkan_swapchain *chain, uint64_t timeout_ns, uint32_t *index);
/* Shows image `index` once drawn[index] is signalled. VK_ERROR_OUT_OF_DATE_KHR: it was not shown, renew and draw anew. */
VkResult vulkan_swapchain_present(struct vulkan_swapchain *chain, uint32_t index);

#endif
