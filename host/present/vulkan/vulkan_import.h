/* The region as buffers of the GPU, read by DMA: imported by its address (VK_EXT_external_memory_host), or as dma-bufs.
 *
 * Importing pins every page and may take a quarter of a second, so it is done on a thread of its own. Drivers accept what they should not;
 * what the specification asks for is checked here, and nothing is used before a trial copy (vulkan_upload.c). */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_IMPORT_H
#define TRANSOM_HOST_PRESENT_VULKAN_IMPORT_H

#include "host/present/presenter.h"
#include "host/present/vulkan/vulkan_device.h"

/* The rungs of the ladder, best first. */
enum vulkan_route { VULKAN_ROUTE_IMPORT, VULKAN_ROUTE_DMA_BUF, VULKAN_ROUTE_STAGING };

extern const char *const vulkan_route_names[];

enum vulkan_import_state { VULKAN_IMPORT_BUSY, VULKAN_IMPORT_READY, VULKAN_IMPORT_REFUSED };

struct vulkan_import;

/* Begins. The region must stay mapped until destroy(). NULL: out of memory or threads. */
struct vulkan_import *vulkan_import_start(const struct vulkan_device *device, const struct presenter_region *region,
                                          enum vulkan_route route);
void vulkan_import_destroy(struct vulkan_import *import); /* waits for its thread; NULL is fine. The GPU must be done with it */

enum vulkan_import_state vulkan_import_state(const struct vulkan_import *import);
const char *vulkan_import_reason(const struct vulkan_import *import); /* REFUSED: why, and what to do */
uint64_t vulkan_import_time_ns(const struct vulkan_import *import);   /* READY: how long it took */

/* READY: the buffer that holds `bytes` from `offset` of the region on, and where in it. False: none does. Data plane. */
bool vulkan_import_find(const struct vulkan_import *import, uint64_t offset, uint64_t bytes, VkBuffer *buffer, uint64_t *inside);

/* May this be imported by its address at all? NULL: yes; else why not. Pure but for fstatfs() and fcntl(). */
const char *vulkan_import_refusal(const struct presenter_region *region, uint64_t alignment);

#endif
