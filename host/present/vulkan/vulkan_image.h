/* One picture of the guest in the GPU's memory. Always in VK_IMAGE_LAYOUT_GENERAL, shared by the queues: it is written by copies, read by
 * one shader, and never changes hands. The presenting thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_IMAGE_H
#define TRANSOM_HOST_PRESENT_VULKAN_IMAGE_H

#include "host/present/presenter.h"
#include "host/present/vulkan/vulkan_device.h"

struct vulkan_image {
  struct presenter_picture picture;
  VkImageUsageFlags usage;
  VkImage handle; /* VK_NULL_HANDLE: none */
  VkDeviceMemory memory;
  VkImageView view;
  VkDescriptorSet set;   /* the shader's; the slot's own, whatever image is in it */
  bool is_fresh;         /* no layout yet */
  uint64_t drawn_value;  /* of the timeline of drawings: the last that reads it */
  uint64_t copied_value; /* of the timeline of copies: the last that writes it */
};

/* `picture` in a format of the guest's, so that copies convert nothing. 0; -EINVAL larger than the device can; -ENOMEM. */
int vulkan_image_init(struct vulkan_image *image, const struct vulkan_device *device, const struct presenter_picture *picture);
/* One that the graphics queue draws into and then reads, eight bits a channel. As above. */
int vulkan_image_init_target(struct vulkan_image *image, const struct vulkan_device *device, uint32_t width, uint32_t height);
void vulkan_image_finish(struct vulkan_image *image, const struct vulkan_device *device); /* keeps `set`; all zero is fine */

VkFormat vulkan_image_format(enum transom_format format);

#endif
