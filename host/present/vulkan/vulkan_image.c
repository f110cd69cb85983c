#include "host/present/vulkan/vulkan_image.h"

#include <errno.h>

VkFormat vulkan_image_format(enum transom_format format) {
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
    return VK_FORMAT_B8G8R8A8_UNORM;
  case TRANSOM_FORMAT_RGBA8:
    return VK_FORMAT_R8G8B8A8_UNORM;
  case TRANSOM_FORMAT_RGB10A2:
    return VK_FORMAT_A2B10G10R10_UNORM_PACK32;
  case TRANSOM_FORMAT_RGBA16F:
    return VK_FORMAT_R16G16B16A16_SFLOAT;
  }
  return VK_FORMAT_UNDEFINED;
}

static VkResult create_handle(struct vulkan_image *image, const struct vulkan_device *device) {
  const uint32_t families[] = {device->graphics_family, device->transfer_family};
  bool shared = families[0] != families[1];
  const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                  .imageType = VK_IMAGE_TYPE_2D,
                                  .format = vulkan_image_format(image->picture.format),
                                  .extent = {image->picture.width, image->picture.height, 1},
                                  .mipLevels = 1,
                                  .arrayLayers = 1,
                                  .samples = VK_SAMPLE_COUNT_1_BIT,
                                  .tiling = VK_IMAGE_TILING_OPTIMAL,
                                  .usage = image->usage,
                                  .sharingMode = shared ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
                                  .queueFamilyIndexCount = shared ? 2 : 0,
                                  .pQueueFamilyIndices = families};
  return vkCreateImage(device->handle, &info, NULL, &image->handle);
}

static VkResult bind_memory(struct vulkan_image *image, const struct vulkan_device *device) {
  VkMemoryRequirements needs;
  uint32_t type;
  vkGetImageMemoryRequirements(device->handle, image->handle, &needs);
  if (!vulkan_device_memory_type(device, needs.memoryTypeBits, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, &type))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = needs.size, .memoryTypeIndex = type};
  VkResult result = vkAllocateMemory(device->handle, &info, NULL, &image->memory);
  return result == VK_SUCCESS ? vkBindImageMemory(device->handle, image->handle, image->memory, 0) : result;
}

static VkResult create_view(struct vulkan_image *image, const struct vulkan_device *device) {
  const VkImageViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                      .image = image->handle,
                                      .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                      .format = vulkan_image_format(image->picture.format),
                                      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  return vkCreateImageView(device->handle, &info, NULL, &image->view);
}

static int init(struct vulkan_image *image, const struct vulkan_device *device, const struct presenter_picture *picture,
                VkImageUsageFlags usage) {
  uint32_t edge_max = device->properties.limits.maxImageDimension2D;
  if (picture->width > edge_max || picture->height > edge_max)
    return -EINVAL;
  image->picture = *picture;
  image->usage = usage;
  image->is_fresh = true;
  image->drawn_value = image->copied_value = 0;
  VkResult result = create_handle(image, device);
  if (result == VK_SUCCESS)
    result = bind_memory(image, device);
  if (result == VK_SUCCESS)
    result = create_view(image, device);
  if (result == VK_SUCCESS)
    return 0;
  vulkan_image_finish(image, device);
  return -ENOMEM;
}

int vulkan_image_init(struct vulkan_image *image, const struct vulkan_device *device, const struct presenter_picture *picture) {
  return init(image, device, picture, VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_SAMPLED_BIT);
}

int vulkan_image_init_target(struct vulkan_image *image, const struct vulkan_device *device, uint32_t width, uint32_t height) {
  const struct presenter_picture picture = {.width = width, .height = height, .format = TRANSOM_FORMAT_RGBA8};
  return init(image, device, &picture, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_SAMPLED_BIT);
}

void vulkan_image_finish(struct vulkan_image *image, const struct vulkan_device *device) {
  if (image->view)
    vkDestroyImageView(device->handle, image->view, NULL);
  if (image->handle)
    vkDestroyImage(device->handle, image->handle, NULL);
  if (image->memory)
    vkFreeMemory(device->handle, image->memory, NULL);
  *image = (struct vulkan_image){.set = image->set};
}
