#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_device.h"

#include "common/log.h"

#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 16u
#define FAMILIES_MAX 32u
#define EXTENSIONS_MAX 512u
#define NO_FAMILY UINT32_MAX

/* What a device offers, before it is chosen. */
struct candidate {
  VkPhysicalDevice physical;
  VkPhysicalDeviceProperties properties;
  uint32_t graphics_family, transfer_family;
  bool swapchain, external_host, external_fd, dma_buf;
  bool resets_queries; /* on the host */
  uint32_t timestamp_bits;
};

static void find_extensions(struct candidate *candidate) {
  static VkExtensionProperties extensions[EXTENSIONS_MAX]; /* control plane, one presenter at a time: too large for a stack */
  uint32_t count = EXTENSIONS_MAX;
  if (vkEnumerateDeviceExtensionProperties(candidate->physical, NULL, &count, extensions) < 0)
    return;
  const struct {
    const char *name;
    bool *found;
  } wanted[] = {{VK_KHR_SWAPCHAIN_EXTENSION_NAME, &candidate->swapchain},
                {VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, &candidate->external_host},
                {VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME, &candidate->external_fd},
                {VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME, &candidate->dma_buf}};
  for (uint32_t i = 0; i < count; i++)
    for (size_t j = 0; j < sizeof wanted / sizeof *wanted; j++)
      *wanted[j].found |= strcmp(extensions[i].extensionName, wanted[j].name) == 0;
}

static bool can_present(const struct candidate *candidate, uint32_t family, VkSurfaceKHR surface) {
  VkBool32 supported = VK_FALSE;
  return surface == VK_NULL_HANDLE ||
         (vkGetPhysicalDeviceSurfaceSupportKHR(candidate->physical, family, surface, &supported) == VK_SUCCESS && supported);
}

/* A family that can only copy is the DMA engine; it must take rectangles of any place and size. */
static void find_families(struct candidate *candidate, VkSurfaceKHR surface) {
  VkQueueFamilyProperties families[FAMILIES_MAX];
  uint32_t count = FAMILIES_MAX;
  vkGetPhysicalDeviceQueueFamilyProperties(candidate->physical, &count, families);
  candidate->graphics_family = candidate->transfer_family = NO_FAMILY;
  for (uint32_t i = 0; i < count; i++) {
    VkQueueFlags flags = families[i].queueFlags;
    VkExtent3D step = families[i].minImageTransferGranularity;
    if (candidate->graphics_family == NO_FAMILY && flags & VK_QUEUE_GRAPHICS_BIT && can_present(candidate, i, surface))
      candidate->graphics_family = i;
    if (candidate->transfer_family == NO_FAMILY && flags & VK_QUEUE_TRANSFER_BIT &&
        !(flags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) && step.width == 1 && step.height == 1 && step.depth == 1)
      candidate->transfer_family = i;
  }
  if (candidate->transfer_family == NO_FAMILY)
    candidate->transfer_family = candidate->graphics_family;
  if (candidate->transfer_family != NO_FAMILY && candidate->resets_queries)
    candidate->timestamp_bits = families[candidate->transfer_family].timestampValidBits;
}

static bool has_timelines(VkPhysicalDevice physical, bool *resets_queries) {
  VkPhysicalDeviceVulkan12Features twelve = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &twelve};
  vkGetPhysicalDeviceFeatures2(physical, &features);
  *resets_queries = twelve.hostQueryReset;
  return twelve.timelineSemaphore;
}

static bool examine(VkPhysicalDevice physical, VkSurfaceKHR surface, struct candidate *candidate) {
  *candidate = (struct candidate){.physical = physical};
  vkGetPhysicalDeviceProperties(physical, &candidate->properties);
  if (candidate->properties.apiVersion < VK_API_VERSION_1_2 || !has_timelines(physical, &candidate->resets_queries))
    return false;
  find_families(candidate, surface);
  find_extensions(candidate);
  return candidate->graphics_family != NO_FAMILY && (surface == VK_NULL_HANDLE || candidate->swapchain);
}

static bool choose(const struct vulkan_instance *instance, struct candidate *chosen) {
  VkPhysicalDevice devices[DEVICES_MAX];
  uint32_t count = DEVICES_MAX;
  bool found = false;
  if (vkEnumeratePhysicalDevices(instance->handle, &count, devices) < 0)
    return false;
  for (uint32_t i = 0; i < count; i++) {
    struct candidate candidate;
    if (!examine(devices[i], instance->surface.handle, &candidate))
      continue;
    bool software = candidate.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    if (!found || (!software && chosen->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU))
      *chosen = candidate;
    found = true;
  }
  return found;
}

static uint32_t name_extensions(const struct candidate *candidate, bool presents, const char *names[4]) {
  uint32_t count = 0;
  if (presents)
    names[count++] = VK_KHR_SWAPCHAIN_EXTENSION_NAME;
  if (candidate->external_host)
    names[count++] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
  if (candidate->external_fd && candidate->dma_buf) {
    names[count++] = VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME;
    names[count++] = VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME;
  }
  return count;
}

static VkResult create_handle(struct vulkan_device *device, const struct candidate *candidate) {
  static const float priority = 1;
  const char *extensions[4];
  const VkDeviceQueueCreateInfo queues[] = {{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                             .queueFamilyIndex = candidate->graphics_family,
                                             .queueCount = 1,
                                             .pQueuePriorities = &priority},
                                            {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                             .queueFamilyIndex = candidate->transfer_family,
                                             .queueCount = 1,
                                             .pQueuePriorities = &priority}};
  const VkPhysicalDeviceVulkan12Features features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                     .hostQueryReset = candidate->resets_queries,
                                                     .timelineSemaphore = VK_TRUE};
  const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                   .pNext = &features,
                                   .queueCreateInfoCount = candidate->graphics_family == candidate->transfer_family ? 1 : 2,
                                   .pQueueCreateInfos = queues,
                                   .enabledExtensionCount =
                                       name_extensions(candidate, device->instance->surface.handle != VK_NULL_HANDLE, extensions),
                                   .ppEnabledExtensionNames = extensions};
  return vkCreateDevice(candidate->physical, &info, NULL, &device->handle);
}

static void find_imports(struct vulkan_device *device, const struct candidate *candidate) {
  if (candidate->external_host) {
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &host};
    vkGetPhysicalDeviceProperties2(device->physical, &properties);
    device->import_alignment = host.minImportedHostPointerAlignment;
    device->get_host_pointer_properties =
        (PFN_vkGetMemoryHostPointerPropertiesEXT)vkGetDeviceProcAddr(device->handle, "vkGetMemoryHostPointerPropertiesEXT");
  }
  if (candidate->external_fd && candidate->dma_buf)
    device->get_fd_properties = (PFN_vkGetMemoryFdPropertiesKHR)vkGetDeviceProcAddr(device->handle, "vkGetMemoryFdPropertiesKHR");
  device->imports_host = device->get_host_pointer_properties != NULL;
  device->imports_dma_buf = device->get_fd_properties != NULL;
}

bool vulkan_device_init(struct vulkan_device *device, const struct vulkan_instance *instance, char *error, size_t capacity) {
  struct candidate chosen = {0};
  *device = (struct vulkan_device){.instance = instance};
  if (!choose(instance, &chosen)) {
    snprintf(error, capacity, "no GPU with Vulkan 1.2 that can draw into this window; update its driver");
    return false;
  }
  VkResult result = create_handle(device, &chosen);
  if (result != VK_SUCCESS) {
    snprintf(error, capacity, "%s cannot be used: vkCreateDevice says %s", chosen.properties.deviceName, vulkan_result_name(result));
    return false;
  }
  device->physical = chosen.physical;
  device->properties = chosen.properties;
  device->graphics_family = chosen.graphics_family;
  device->transfer_family = chosen.transfer_family;
  device->timestamp_bits = chosen.timestamp_bits;
  device->resets_queries = chosen.resets_queries;
  device->is_software = chosen.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  vkGetPhysicalDeviceMemoryProperties(device->physical, &device->memory);
  vkGetDeviceQueue(device->handle, device->graphics_family, 0, &device->graphics);
  vkGetDeviceQueue(device->handle, device->transfer_family, 0, &device->transfer);
  find_imports(device, &chosen);
  return true;
}

void vulkan_device_finish(struct vulkan_device *device) {
  if (device->handle)
    vkDestroyDevice(device->handle, NULL);
  *device = (struct vulkan_device){0};
}

bool vulkan_device_memory_type(const struct vulkan_device *device, uint32_t bits, VkMemoryPropertyFlags needed,
                               VkMemoryPropertyFlags wanted, uint32_t *type) {
  VkMemoryPropertyFlags passes[] = {needed | wanted, needed};
  for (size_t pass = 0; pass < 2; pass++) {
    for (uint32_t i = 0; i < device->memory.memoryTypeCount; i++) {
      if (bits >> i & 1 && (device->memory.memoryTypes[i].propertyFlags & passes[pass]) == passes[pass]) {
        *type = i;
        return true;
      }
    }
  }
  return false;
}

static VkResult allocate_mapped(struct vulkan_buffer *buffer, const struct vulkan_device *device, VkMemoryPropertyFlags wanted) {
  VkMemoryRequirements needs;
  uint32_t type;
  vkGetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
  if (!vulkan_device_memory_type(device, needs.memoryTypeBits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                                 wanted, &type))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  const VkMemoryAllocateInfo allocation = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = needs.size, .memoryTypeIndex = type};
  VkResult result = vkAllocateMemory(device->handle, &allocation, NULL, &buffer->memory);
  if (result == VK_SUCCESS)
    result = vkBindBufferMemory(device->handle, buffer->handle, buffer->memory, 0);
  if (result == VK_SUCCESS)
    result = vkMapMemory(device->handle, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->mapped);
  return result;
}

VkResult vulkan_buffer_init(struct vulkan_buffer *buffer, const struct vulkan_device *device, uint64_t bytes, VkBufferUsageFlags usage,
                            VkMemoryPropertyFlags wanted) {
  const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = bytes, .usage = usage};
  *buffer = (struct vulkan_buffer){.bytes = bytes};
  VkResult result = vkCreateBuffer(device->handle, &info, NULL, &buffer->handle);
  if (result == VK_SUCCESS)
    result = allocate_mapped(buffer, device, wanted);
  if (result != VK_SUCCESS)
    vulkan_buffer_finish(buffer, device);
  return result;
}

void vulkan_buffer_finish(struct vulkan_buffer *buffer, const struct vulkan_device *device) {
  if (buffer->handle)
    vkDestroyBuffer(device->handle, buffer->handle, NULL);
  if (buffer->memory)
    vkFreeMemory(device->handle, buffer->memory, NULL);
  *buffer = (struct vulkan_buffer){0};
}

VkResult vulkan_timeline_create(const struct vulkan_device *device, VkSemaphore *timeline) {
  const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                          .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
  const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
  return vkCreateSemaphore(device->handle, &info, NULL, timeline);
}

VkResult vulkan_timeline_wait(const struct vulkan_device *device, VkSemaphore timeline, uint64_t value, uint64_t timeout_ns) {
  const VkSemaphoreWaitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &timeline, .pValues = &value};
  return vkWaitSemaphores(device->handle, &wait, timeout_ns);
}
