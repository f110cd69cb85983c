#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_import.h"

#include "common/clock.h"
#include "common/thread.h"
#include "host/present/present_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/udmabuf.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define PIECES_MAX (TRANSOM_SLOTS_MAX + 1) /* dma-bufs: one for each slot, one for the trial block; udmabuf's limit is 64 MiB each */

const char *const vulkan_route_names[] = {"import", "dma-buf", "staging"};

struct piece {
  uint64_t offset, bytes; /* in the region */
  VkBuffer buffer;
  VkDeviceMemory memory;
};

struct vulkan_import {
  const struct vulkan_device *device;
  struct presenter_region region;
  enum vulkan_route route;
  struct thread *thread;
  atomic_int state; /* enum vulkan_import_state: everything else is the thread's while BUSY */
  struct piece pieces[PIECES_MAX];
  uint32_t piece_count;
  char reason[192];
  uint64_t time_ns;
};

static bool is_memory(int fd) {
  struct stat status;
  struct statfs system;
  if (fstat(fd, &status) != 0)
    return false;
  if (S_ISCHR(status.st_mode)) /* /dev/kvmfr0 */
    return true;
  if (fstatfs(fd, &system) != 0)
    return false;
  uint32_t type = (uint32_t)system.f_type;
  return type == TMPFS_MAGIC || type == HUGETLBFS_MAGIC || type == RAMFS_MAGIC;
}

static bool may_shrink(int fd) {
  struct stat status;
  int seals = fcntl(fd, F_GET_SEALS);
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (seals < 0 || !(seals & F_SEAL_SHRINK));
}

const char *vulkan_import_refusal(const struct presenter_region *region, uint64_t alignment) {
  uint64_t step = alignment > PAGE_BYTES ? alignment : PAGE_BYTES;
  if ((uintptr_t)region->base % step || region->bytes % step || region->bytes == 0)
    return "the region's address or size does not suit the driver; give it a power of two";
  if (region->fd < 0)
    return "nobody knows what the region is a mapping of";
  if ((fcntl(region->fd, F_GETFL) & O_ACCMODE) != O_RDWR)
    return "the region is open for reading only; the driver needs read and write access to it";
  if (!is_memory(region->fd))
    return "the region is a file on a disk; put it into /dev/shm, or use transom-serve";
  return NULL;
}

static VkResult create_buffer(const struct vulkan_device *device, VkExternalMemoryHandleTypeFlagBits type, struct piece *piece) {
  const VkExternalMemoryBufferCreateInfo external = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                                     .handleTypes = (VkExternalMemoryHandleTypeFlags)type};
  const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .pNext = &external, .size = piece->bytes, .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT};
  return vkCreateBuffer(device->handle, &info, NULL, &piece->buffer);
}

/* Memory of a type that both the handle and the buffer can have, made by importing what `import` says, bound. */
static VkResult bind_imported(const struct vulkan_device *device, struct piece *piece, uint32_t handle_types, const void *import,
                              uint64_t bytes) {
  VkMemoryRequirements needs;
  uint32_t type;
  vkGetBufferMemoryRequirements(device->handle, piece->buffer, &needs);
  if (needs.size > bytes || !vulkan_device_memory_type(device, needs.memoryTypeBits & handle_types, 0, 0, &type))
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = import, .allocationSize = bytes, .memoryTypeIndex = type};
  VkResult result = vkAllocateMemory(device->handle, &info, NULL, &piece->memory);
  return result == VK_SUCCESS ? vkBindBufferMemory(device->handle, piece->buffer, piece->memory, 0) : result;
}

static bool is_importable(const struct vulkan_device *device, VkExternalMemoryHandleTypeFlagBits type) {
  const VkPhysicalDeviceExternalBufferInfo info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO, .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT, .handleType = type};
  VkExternalBufferProperties can = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
  vkGetPhysicalDeviceExternalBufferProperties(device->physical, &info, &can);
  return can.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
}

static bool refuse(struct vulkan_import *import, const char *what, VkResult result) {
  if (result == VK_SUCCESS)
    snprintf(import->reason, sizeof import->reason, "%s", what);
  else
    snprintf(import->reason, sizeof import->reason, "%s: %s", what, vulkan_result_name(result));
  return false;
}

static VkResult import_address(const struct vulkan_import *import, struct piece *piece) {
  const VkExternalMemoryHandleTypeFlagBits type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  void *address = (void *)(uintptr_t)(import->region.base + piece->offset);
  VkMemoryHostPointerPropertiesEXT properties = {.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
  VkResult result = import->device->get_host_pointer_properties(import->device->handle, type, address, &properties);
  if (result == VK_SUCCESS)
    result = create_buffer(import->device, type, piece);
  if (result != VK_SUCCESS)
    return result;
  const VkImportMemoryHostPointerInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT, .handleType = type, .pHostPointer = address};
  return bind_imported(import->device, piece, properties.memoryTypeBits, &info, piece->bytes);
}

static bool import_region(struct vulkan_import *import) {
  const char *refusal = vulkan_import_refusal(&import->region, import->device->import_alignment);
  if (!import->device->imports_host || !is_importable(import->device, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT))
    return refuse(import, "the driver has no VK_EXT_external_memory_host", VK_SUCCESS);
  if (refusal)
    return refuse(import, refusal, VK_SUCCESS);
  /* A GPU keeps the pages that it has pinned. A rasteriser on the CPU would touch what went away, on threads that do not take SIGBUS. */
  if (import->device->is_software && may_shrink(import->region.fd))
    return refuse(import, "the region is a file that may shrink under a software rasteriser", VK_SUCCESS);
  if (present_fault(PRESENT_FAULT_IMPORT))
    return refuse(import, "refused by TRANSOM_PRESENT_FAULT", VK_SUCCESS);
  import->pieces[0] = (struct piece){.bytes = import->region.bytes};
  import->piece_count = 1;
  VkResult result = import_address(import, &import->pieces[0]);
  return result == VK_SUCCESS || refuse(import, "the driver refuses the region's memory", result);
}

/* A piece of the region as a dma-buf. -1 with errno. */
static int create_dma_buf(const struct presenter_region *region, int udmabuf, const struct piece *piece) {
  struct udmabuf_create create = {
      .memfd = (uint32_t)region->fd, .flags = UDMABUF_FLAGS_CLOEXEC, .offset = piece->offset, .size = piece->bytes};
  return ioctl(udmabuf, UDMABUF_CREATE, &create);
}

static VkResult import_dma_buf(const struct vulkan_import *import, struct piece *piece, int dma_buf) {
  const VkExternalMemoryHandleTypeFlagBits type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
  VkMemoryFdPropertiesKHR properties = {.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR};
  VkResult result = import->device->get_fd_properties(import->device->handle, type, dma_buf, &properties);
  if (result == VK_SUCCESS)
    result = create_buffer(import->device, type, piece);
  if (result == VK_SUCCESS) {
    const VkImportMemoryFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, .handleType = type, .fd = dma_buf};
    result = bind_imported(import->device, piece, properties.memoryTypeBits, &info, piece->bytes);
  }
  if (!piece->memory) /* else it is the driver's, whatever came after */
    close(dma_buf);
  return result;
}

/* Each slot, and the page of the trial block. */
static void plan_pieces(struct vulkan_import *import) {
  const struct presenter_region *region = &import->region;
  import->pieces[import->piece_count++] = (struct piece){.offset = region->trial_offset, .bytes = PRESENTER_TRIAL_BYTES};
  for (uint32_t i = 0; i < region->slot_count && import->piece_count < PIECES_MAX; i++)
    import->pieces[import->piece_count++] = (struct piece){.offset = region->slots_offset + i * region->slot_bytes,
                                                           .bytes = (region->slot_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES};
}

static bool import_pieces(struct vulkan_import *import, int udmabuf) {
  for (uint32_t i = 0; i < import->piece_count; i++) {
    int dma_buf = create_dma_buf(&import->region, udmabuf, &import->pieces[i]);
    if (dma_buf < 0)
      return refuse(import, "no dma-buf of the region's memory: it must be a memfd sealed against shrinking", VK_SUCCESS);
    VkResult result = import_dma_buf(import, &import->pieces[i], dma_buf);
    if (result != VK_SUCCESS)
      return refuse(import, "the driver refuses dma-bufs of the region's memory", result);
  }
  return true;
}

static bool import_dma_bufs(struct vulkan_import *import) {
  if (!import->device->imports_dma_buf || !is_importable(import->device, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT))
    return refuse(import, "the driver has no VK_EXT_external_memory_dma_buf", VK_SUCCESS);
  if (present_fault(PRESENT_FAULT_DMA_BUF))
    return refuse(import, "refused by TRANSOM_PRESENT_FAULT", VK_SUCCESS);
  int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (udmabuf < 0)
    return refuse(import, "/dev/udmabuf cannot be opened (modprobe udmabuf, and rights to it)", VK_SUCCESS);
  plan_pieces(import);
  bool imported = import_pieces(import, udmabuf);
  close(udmabuf);
  return imported;
}

static void run(void *user_data) {
  struct vulkan_import *import = user_data;
  uint64_t began_ns = clock_monotonic_ns();
  bool good = import->route == VULKAN_ROUTE_IMPORT ? import_region(import) : import_dma_bufs(import);
  import->time_ns = clock_monotonic_ns() - began_ns;
  atomic_store(&import->state, good ? VULKAN_IMPORT_READY : VULKAN_IMPORT_REFUSED); /* pairs with the load in vulkan_import_state() */
}

struct vulkan_import *vulkan_import_start(const struct vulkan_device *device, const struct presenter_region *region,
                                          enum vulkan_route route) {
  struct vulkan_import *import = calloc(1, sizeof *import);
  if (!import)
    return NULL;
  import->device = device;
  import->region = *region;
  import->route = route;
  import->thread = thread_create("import", run, import);
  if (import->thread)
    return import;
  free(import);
  return NULL;
}

void vulkan_import_destroy(struct vulkan_import *import) {
  if (!import)
    return;
  thread_join(import->thread);
  for (uint32_t i = 0; i < import->piece_count; i++) {
    if (import->pieces[i].buffer)
      vkDestroyBuffer(import->device->handle, import->pieces[i].buffer, NULL);
    if (import->pieces[i].memory)
      vkFreeMemory(import->device->handle, import->pieces[i].memory, NULL);
  }
  free(import);
}

enum vulkan_import_state vulkan_import_state(const struct vulkan_import *import) {
  return (enum vulkan_import_state)atomic_load(&import->state);
}

const char *vulkan_import_reason(const struct vulkan_import *import) { return import->reason; }

uint64_t vulkan_import_time_ns(const struct vulkan_import *import) { return import->time_ns; }

bool vulkan_import_find(const struct vulkan_import *import, uint64_t offset, uint64_t bytes, VkBuffer *buffer, uint64_t *inside) {
  for (uint32_t i = 0; i < import->piece_count; i++) {
    const struct piece *piece = &import->pieces[i];
    if (offset < piece->offset || offset - piece->offset > piece->bytes || bytes > piece->bytes - (offset - piece->offset))
      continue;
    *buffer = piece->buffer;
    *inside = offset - piece->offset;
    return true;
  }
  return false;
}
