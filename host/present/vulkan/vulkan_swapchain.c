#include "host/present/vulkan/vulkan_swapchain.h"

#define FORMATS_MAX 64u
#define MODES_MAX 16u

static const VkPresentModeKHR native_modes[] = {[PRESENT_MODE_FIFO] = VK_PRESENT_MODE_FIFO_KHR,
                                                [PRESENT_MODE_FIFO_RELAXED] = VK_PRESENT_MODE_FIFO_RELAXED_KHR,
                                                [PRESENT_MODE_MAILBOX] = VK_PRESENT_MODE_MAILBOX_KHR,
                                                [PRESENT_MODE_IMMEDIATE] = VK_PRESENT_MODE_IMMEDIATE_KHR};

bool vulkan_swapchain_format(const struct vulkan_device *device, VkFormat *format) {
  VkSurfaceFormatKHR formats[FORMATS_MAX];
  uint32_t count = FORMATS_MAX;
  if (vkGetPhysicalDeviceSurfaceFormatsKHR(device->physical, device->instance->surface.handle, &count, formats) < 0)
    return false;
  for (uint32_t i = 0; i < count; i++) {
    if (formats[i].colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR &&
        (formats[i].format == VK_FORMAT_B8G8R8A8_UNORM || formats[i].format == VK_FORMAT_R8G8B8A8_UNORM)) {
      *format = formats[i].format;
      return true;
    }
  }
  return false;
}

uint32_t vulkan_swapchain_modes(const struct vulkan_device *device) {
  VkPresentModeKHR modes[MODES_MAX];
  uint32_t count = MODES_MAX, bits = 1u << PRESENT_MODE_FIFO;
  if (vkGetPhysicalDeviceSurfacePresentModesKHR(device->physical, device->instance->surface.handle, &count, modes) < 0)
    return bits;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t mode = 0; mode < PRESENT_MODES; mode++)
      bits |= native_modes[mode] == modes[i] ? 1u << mode : 0;
  return bits;
}

static VkResult create_semaphore(const struct vulkan_device *device, VkSemaphore *semaphore) {
  const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
  return vkCreateSemaphore(device->handle, &info, NULL, semaphore);
}

VkResult vulkan_swapchain_init(struct vulkan_swapchain *chain, const struct vulkan_device *device, VkRenderPass pass, VkFormat format) {
  *chain = (struct vulkan_swapchain){.device = device, .pass = pass, .format = format, .is_old = true};
  return create_semaphore(device, &chain->free);
}

static void drop_images(struct vulkan_swapchain *chain) {
  VkDevice device = chain->device->handle;
  for (uint32_t i = 0; i < chain->count; i++) {
    if (chain->framebuffers[i])
      vkDestroyFramebuffer(device, chain->framebuffers[i], NULL);
    if (chain->views[i])
      vkDestroyImageView(device, chain->views[i], NULL);
    if (chain->drawn[i])
      vkDestroySemaphore(device, chain->drawn[i], NULL);
    chain->framebuffers[i] = VK_NULL_HANDLE;
    chain->views[i] = VK_NULL_HANDLE;
    chain->drawn[i] = VK_NULL_HANDLE;
  }
  chain->count = 0;
}

void vulkan_swapchain_finish(struct vulkan_swapchain *chain) {
  if (!chain->device)
    return;
  drop_images(chain);
  if (chain->handle)
    vkDestroySwapchainKHR(chain->device->handle, chain->handle, NULL);
  if (chain->free)
    vkDestroySemaphore(chain->device->handle, chain->free, NULL);
  *chain = (struct vulkan_swapchain){0};
}

static VkResult prepare_image(struct vulkan_swapchain *chain, uint32_t i) {
  VkDevice device = chain->device->handle;
  const VkImageViewCreateInfo view = {.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                      .image = chain->images[i],
                                      .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                      .format = chain->format,
                                      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  VkResult result = vkCreateImageView(device, &view, NULL, &chain->views[i]);
  if (result != VK_SUCCESS)
    return result;
  const VkFramebufferCreateInfo framebuffer = {.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                               .renderPass = chain->pass,
                                               .attachmentCount = 1,
                                               .pAttachments = &chain->views[i],
                                               .width = chain->extent.width,
                                               .height = chain->extent.height,
                                               .layers = 1};
  result = vkCreateFramebuffer(device, &framebuffer, NULL, &chain->framebuffers[i]);
  return result == VK_SUCCESS ? create_semaphore(chain->device, &chain->drawn[i]) : result;
}

static VkResult prepare_images(struct vulkan_swapchain *chain) {
  uint32_t count = VULKAN_SWAPCHAIN_IMAGES_MAX;
  VkResult result = vkGetSwapchainImagesKHR(chain->device->handle, chain->handle, &count, chain->images);
  if (result != VK_SUCCESS)
    return result;
  for (uint32_t i = 0; i < count && result == VK_SUCCESS; i++) {
    chain->count = i + 1; /* what finish() has to look at */
    result = prepare_image(chain, i);
  }
  return result;
}

static uint32_t bounded(uint32_t value, uint32_t low, uint32_t high) { return value < low ? low : value > high ? high : value; }

/* The fewest images that the display works with: more would be a queue. */
static VkResult create_chain(struct vulkan_swapchain *chain, const VkSurfaceCapabilitiesKHR *can, enum present_mode mode) {
  VkSwapchainKHR old = chain->handle;
  const VkSwapchainCreateInfoKHR info = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
                                         .surface = chain->device->instance->surface.handle,
                                         .minImageCount = can->minImageCount,
                                         .imageFormat = chain->format,
                                         .imageColorSpace = VK_COLOR_SPACE_SRGB_NONLINEAR_KHR,
                                         .imageExtent = chain->extent,
                                         .imageArrayLayers = 1,
                                         .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                                         .preTransform = can->currentTransform,
                                         .compositeAlpha = can->supportedCompositeAlpha & VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
                                                               ? VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
                                                               : VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR,
                                         .presentMode = native_modes[mode],
                                         .clipped = VK_TRUE,
                                         .oldSwapchain = old};
  chain->handle = VK_NULL_HANDLE;
  chain->presented = 0;
  chain->mode = mode;
  VkResult result = vkCreateSwapchainKHR(chain->device->handle, &info, NULL, &chain->handle);
  if (old)
    vkDestroySwapchainKHR(chain->device->handle, old, NULL);
  return result;
}

VkResult vulkan_swapchain_renew(struct vulkan_swapchain *chain, uint32_t width, uint32_t height, enum present_mode mode) {
  VkSurfaceCapabilitiesKHR can;
  VkResult result = vkGetPhysicalDeviceSurfaceCapabilitiesKHR(chain->device->physical, chain->device->instance->surface.handle, &can);
  if (result == VK_SUCCESS)
    result = vkQueueWaitIdle(chain->device->graphics); /* the last presentation waits for one of the semaphores that go now */
  if (result != VK_SUCCESS)
    return result;
  drop_images(chain);
  bool is_told = can.currentExtent.width == UINT32_MAX; /* Wayland: the size is what we say */
  chain->extent.width = bounded(is_told ? width : can.currentExtent.width, can.minImageExtent.width, can.maxImageExtent.width);
  chain->extent.height = bounded(is_told ? height : can.currentExtent.height, can.minImageExtent.height, can.maxImageExtent.height);
  if (chain->extent.width == 0 || chain->extent.height == 0) {
    if (chain->handle)
      vkDestroySwapchainKHR(chain->device->handle, chain->handle, NULL);
    chain->handle = VK_NULL_HANDLE;
    return VK_SUCCESS;
  }
  result = create_chain(chain, &can, mode);
  if (result == VK_SUCCESS)
    result = prepare_images(chain);
  chain->is_old = result != VK_SUCCESS;
  chain->is_suboptimal = false;
  return result;
}

/* Some surfaces are suboptimal for good (turned or scaled by the display server), and a new chain would be so as well: it is renewed only
 * if it has another size, and that is asked once for each chain. Later changes of size are told by resize(). */
static void note_suboptimal(struct vulkan_swapchain *chain) {
  VkSurfaceCapabilitiesKHR can;
  if (chain->is_suboptimal)
    return;
  chain->is_suboptimal = true;
  chain->is_old |=
      vkGetPhysicalDeviceSurfaceCapabilitiesKHR(chain->device->physical, chain->device->instance->surface.handle, &can) == VK_SUCCESS &&
      can.currentExtent.width != UINT32_MAX &&
      (can.currentExtent.width != chain->extent.width || can.currentExtent.height != chain->extent.height);
}

VkResult vulkan_swapchain_acquire(struct vulkan_swapchain *chain, uint64_t timeout_ns, uint32_t *index) {
  VkResult result = vkAcquireNextImageKHR(chain->device->handle, chain->handle, timeout_ns, chain->free, VK_NULL_HANDLE, index);
  if (result == VK_SUBOPTIMAL_KHR) {
    note_suboptimal(chain); /* this one can still be shown */
    return VK_SUCCESS;
  }
  if (result == VK_ERROR_OUT_OF_DATE_KHR)
    chain->is_old = true;
  return result == VK_NOT_READY ? VK_TIMEOUT : result;
}

VkResult vulkan_swapchain_present(struct vulkan_swapchain *chain, uint32_t index) {
  const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                 .waitSemaphoreCount = 1,
                                 .pWaitSemaphores = &chain->drawn[index],
                                 .swapchainCount = 1,
                                 .pSwapchains = &chain->handle,
                                 .pImageIndices = &index};
  VkResult result = vkQueuePresentKHR(chain->device->graphics, &info);
  chain->presented++;
  if (result == VK_SUBOPTIMAL_KHR) {
    note_suboptimal(chain);
    return VK_SUCCESS;
  }
  if (result == VK_ERROR_OUT_OF_DATE_KHR)
    chain->is_old = true;
  return result;
}
