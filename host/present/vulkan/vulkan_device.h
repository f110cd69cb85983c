/* The GPU that shows the window: device, queues, what it can import, memory. One thread at a time, except that memory and buffers may be
 * created on another one. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_DEVICE_H
#define TRANSOM_HOST_PRESENT_VULKAN_DEVICE_H

#include "host/present/vulkan/vulkan_instance.h"

#include <stdint.h>

struct vulkan_device {
  const struct vulkan_instance *instance;
  VkPhysicalDevice physical;
  VkDevice handle;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceMemoryProperties memory;
  uint32_t graphics_family, transfer_family; /* equal where the device has no queue that only copies */
  VkQueue graphics, transfer;
  uint32_t timestamp_bits;            /* of the transfer queue's clock; 0 = it has none that we can use */
  bool is_software;                   /* a rasteriser on the CPU */
  bool resets_queries;                /* on the host */
  bool imports_host, imports_dma_buf; /* what the driver says it can; a trial tells */
  uint64_t import_alignment;
  PFN_vkGetMemoryHostPointerPropertiesEXT get_host_pointer_properties;
  PFN_vkGetMemoryFdPropertiesKHR get_fd_properties;
};

/* The first device in the loader's order (which the user's settings decide) that is new enough, can present to the instance's surface, and
 * is no software; else a software one. False: `error` says why in one line. */
bool vulkan_device_init(struct vulkan_device *device, const struct vulkan_instance *instance, char *error, size_t capacity);
void vulkan_device_finish(struct vulkan_device *device); /* everything made from it is gone already */

/* A buffer with memory of its own. `mapped` is NULL when the memory is not the host's. */
struct vulkan_buffer {
  VkBuffer handle;
  VkDeviceMemory memory;
  void *mapped;
  uint64_t bytes;
};

/* Index of a memory type among `bits` that has all of `needed`, and `wanted` too where there is one. False: none. */
bool vulkan_device_memory_type(const struct vulkan_device *device, uint32_t bits, VkMemoryPropertyFlags needed,
                               VkMemoryPropertyFlags wanted, uint32_t *type);

/* Host-visible and coherent, mapped; beside the GPU where the host can write there and `wanted` says so. */
VkResult vulkan_buffer_init(struct vulkan_buffer *buffer, const struct vulkan_device *device, uint64_t bytes, VkBufferUsageFlags usage,
                            VkMemoryPropertyFlags wanted);
void vulkan_buffer_finish(struct vulkan_buffer *buffer, const struct vulkan_device *device); /* all zero is fine */

/* A timeline semaphore that begins at 0, and the wait for a value of it. */
VkResult vulkan_timeline_create(const struct vulkan_device *device, VkSemaphore *timeline);
VkResult vulkan_timeline_wait(const struct vulkan_device *device, VkSemaphore timeline, uint64_t value, uint64_t timeout_ns);

#endif
