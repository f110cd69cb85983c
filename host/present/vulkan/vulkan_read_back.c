#include "host/present/vulkan/vulkan_read_back.h"

#define WAIT_NS UINT64_C(10000000000)

struct target {
  VkImage image;
  VkDeviceMemory memory;
  VkImageView view;
  VkFramebuffer framebuffer;
  struct vulkan_buffer buffer;
  VkFence fence;
};

static VkResult create_image(struct target *target, const struct vulkan_device *device, VkFormat format, uint32_t width, uint32_t height) {
  const VkImageCreateInfo image = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                   .imageType = VK_IMAGE_TYPE_2D,
                                   .format = format,
                                   .extent = {width, height, 1},
                                   .mipLevels = 1,
                                   .arrayLayers = 1,
                                   .samples = VK_SAMPLE_COUNT_1_BIT,
                                   .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
  VkMemoryRequirements needs;
  uint32_t type;
  VkResult result = vkCreateImage(device->handle, &image, NULL, &target->image);
  if (result != VK_SUCCESS)
    return result;
  vkGetImageMemoryRequirements(device->handle, target->image, &needs);
  if (!vulkan_device_memory_type(device, needs.memoryTypeBits, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, &type))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  const VkMemoryAllocateInfo memory = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = needs.size, .memoryTypeIndex = type};
  result = vkAllocateMemory(device->handle, &memory, NULL, &target->memory);
  return result == VK_SUCCESS ? vkBindImageMemory(device->handle, target->image, target->memory, 0) : result;
}

static VkResult create_target(struct target *target, const struct vulkan_painter *painter, VkFormat format, uint32_t width,
                              uint32_t height) {
  VkDevice device = painter->device->handle;
  VkResult result = create_image(target, painter->device, format, width, height);
  if (result != VK_SUCCESS)
    return result;
  const VkImageViewCreateInfo view = {.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                      .image = target->image,
                                      .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                      .format = format,
                                      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  result = vkCreateImageView(device, &view, NULL, &target->view);
  if (result != VK_SUCCESS)
    return result;
  const VkFramebufferCreateInfo framebuffer = {.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                               .renderPass = painter->read_pass,
                                               .attachmentCount = 1,
                                               .pAttachments = &target->view,
                                               .width = width,
                                               .height = height,
                                               .layers = 1};
  result = vkCreateFramebuffer(device, &framebuffer, NULL, &target->framebuffer);
  if (result != VK_SUCCESS)
    return result;
  const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  result = vkCreateFence(device, &fence, NULL, &target->fence);
  return result == VK_SUCCESS ? vulkan_buffer_init(&target->buffer, painter->device, (uint64_t)width * height * 4,
                                                   VK_BUFFER_USAGE_TRANSFER_DST_BIT, VK_MEMORY_PROPERTY_HOST_CACHED_BIT)
                              : result;
}

static void destroy_target(struct target *target, const struct vulkan_device *device) {
  vkDestroyFence(device->handle, target->fence, NULL);
  vkDestroyFramebuffer(device->handle, target->framebuffer, NULL);
  vkDestroyImageView(device->handle, target->view, NULL);
  vkDestroyImage(device->handle, target->image, NULL);
  vkFreeMemory(device->handle, target->memory, NULL);
  vulkan_buffer_finish(&target->buffer, device);
}

/* The copies into the image were waited for by the host; the semaphore makes what they wrote visible to this queue as well. */
static VkResult submit(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting,
                       VkSemaphore copies, VkFence fence) {
  const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT;
  const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                .waitSemaphoreValueCount = 1,
                                                .pWaitSemaphoreValues = &painting->image->copied_value};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &values,
                             .waitSemaphoreCount = 1,
                             .pWaitSemaphores = &copies,
                             .pWaitDstStageMask = &stage,
                             .commandBufferCount = 1,
                             .pCommandBuffers = &commands};
  return vkQueueSubmit(painter->device->graphics, 1, &info, fence);
}

static VkResult draw(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting,
                     VkSemaphore copies, const struct target *target) {
  const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                          .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  const VkBufferImageCopy copy = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                  .imageExtent = {painting->width, painting->height, 1}};
  const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT, .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
  VkResult result = vkBeginCommandBuffer(commands, &begin);
  if (result != VK_SUCCESS)
    return result;
  vulkan_painter_record(painter, commands, painting);
  vkCmdCopyImageToBuffer(commands, target->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, target->buffer.handle, 1, &copy);
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
  result = vkEndCommandBuffer(commands);
  if (result == VK_SUCCESS)
    result = submit(painter, commands, painting, copies, target->fence);
  if (result == VK_SUCCESS)
    result = vkWaitForFences(painter->device->handle, 1, &target->fence, VK_TRUE, WAIT_NS);
  return result;
}

static void take_pixels(const uint8_t *from, VkFormat format, size_t count, uint8_t *to) {
  size_t blue = format == VK_FORMAT_B8G8R8A8_UNORM ? 0 : 2;
  for (size_t i = 0; i < count; i++, from += 4, to += 4) {
    to[0] = from[blue];
    to[1] = from[1];
    to[2] = from[2 - blue];
    to[3] = 255;
  }
}

VkResult vulkan_read_back(const struct vulkan_painter *painter, VkFormat format, VkCommandBuffer commands,
                          const struct vulkan_painting *painting, VkSemaphore copies, uint8_t *pixels) {
  struct target target = {0};
  struct vulkan_painting own = *painting;
  own.width = painting->layout.picture_width;
  own.height = painting->layout.picture_height;
  own.pass = painter->read_pass;
  own.item_count = 0;
  VkResult result = create_target(&target, painter, format, own.width, own.height);
  own.framebuffer = target.framebuffer;
  if (result == VK_SUCCESS)
    result = draw(painter, commands, &own, copies, &target);
  if (result == VK_SUCCESS)
    take_pixels(target.buffer.mapped, format, (size_t)own.width * own.height, pixels);
  if (result != VK_TIMEOUT) /* else it may still be drawn */
    destroy_target(&target, painter->device);
  return result;
}
