#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_upload.h"

#include "common/log.h"
#include "common/memory_copy.h"
#include "host/present/present_fault.h"
#include "protocol/validate.h"

#include <assert.h>
#include <string.h>

#define RECTS_MAX TRANSOM_DAMAGE_MAX
#define WAIT_NS UINT64_C(10000000000) /* a GPU that needs longer for one copy is lost */

/* ---- life ---- */

static VkResult create_commands(struct vulkan_upload *upload) {
  const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                        .queueFamilyIndex = upload->device->transfer_family};
  VkResult result = vkCreateCommandPool(upload->device->handle, &pool, NULL, &upload->pool);
  if (result != VK_SUCCESS)
    return result;
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = upload->pool,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = VULKAN_UPLOAD_COPIES};
  return vkAllocateCommandBuffers(upload->device->handle, &info, upload->commands);
}

VkResult vulkan_upload_init(struct vulkan_upload *upload, const struct vulkan_device *device, VkSemaphore drawings,
                            enum vulkan_route route_best, enum vulkan_route route_last) {
  *upload = (struct vulkan_upload){
      .device = device, .drawings = drawings, .route_best = route_best, .route_last = route_last, .route = VULKAN_ROUTE_STAGING};
  VkResult result = vulkan_timeline_create(device, &upload->timeline);
  return result == VK_SUCCESS ? create_commands(upload) : result;
}

VkResult vulkan_upload_time_copies(struct vulkan_upload *upload) { return vulkan_clock_init(&upload->clock, upload->device); }

VkResult vulkan_upload_wait(struct vulkan_upload *upload, uint64_t timeout_ns) {
  return vulkan_timeline_wait(upload->device, upload->timeline, upload->value, timeout_ns);
}

void vulkan_upload_finish(struct vulkan_upload *upload) {
  if (!upload->device)
    return;
  vulkan_upload_region(upload, NULL);
  vulkan_buffer_finish(&upload->staging, upload->device);
  vulkan_clock_finish(&upload->clock);
  if (upload->pool)
    vkDestroyCommandPool(upload->device->handle, upload->pool, NULL);
  if (upload->timeline)
    vkDestroySemaphore(upload->device->handle, upload->timeline, NULL);
  *upload = (struct vulkan_upload){0};
}

/* ---- one submission ---- */

static void make_visible(VkCommandBuffer commands) {
  /* What the guest and the CPU wrote, and earlier copies into the same image. */
  const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_HOST_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                   .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1,
                       &barrier, 0, NULL, 0, NULL);
}

static void give_layout(VkCommandBuffer commands, struct vulkan_image *image) {
  const VkImageMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                        .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
                                        .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .image = image->handle,
                                        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
  image->is_fresh = false;
}

/* The next command buffer, recording. It waits for the copy that used it last, VULKAN_UPLOAD_COPIES ago. */
static VkResult begin(struct vulkan_upload *upload, struct vulkan_image *image, VkCommandBuffer *commands) {
  const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  uint32_t at = (upload->value + 1) % VULKAN_UPLOAD_COPIES;
  VkResult result = vulkan_timeline_wait(upload->device, upload->timeline, upload->command_values[at], WAIT_NS);
  if (result == VK_TIMEOUT)
    return VK_ERROR_DEVICE_LOST;
  if (result == VK_SUCCESS)
    result = vkBeginCommandBuffer(upload->commands[at], &info);
  if (result != VK_SUCCESS)
    return result;
  *commands = upload->commands[at];
  make_visible(*commands);
  if (image && image->is_fresh)
    give_layout(*commands, image);
  return VK_SUCCESS;
}

/* The copy may begin once no drawing reads the image any more. */
static VkResult submit(struct vulkan_upload *upload, VkCommandBuffer commands, struct vulkan_image *image) {
  const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
  uint64_t value = upload->value + 1, drawn = image ? image->drawn_value : 0;
  const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                .waitSemaphoreValueCount = 1,
                                                .pWaitSemaphoreValues = &drawn,
                                                .signalSemaphoreValueCount = 1,
                                                .pSignalSemaphoreValues = &value};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &values,
                             .waitSemaphoreCount = drawn ? 1 : 0,
                             .pWaitSemaphores = &upload->drawings,
                             .pWaitDstStageMask = &stage,
                             .commandBufferCount = 1,
                             .pCommandBuffers = &commands,
                             .signalSemaphoreCount = 1,
                             .pSignalSemaphores = &upload->timeline};
  VkResult result = vkEndCommandBuffer(commands);
  if (result == VK_SUCCESS)
    result = vkQueueSubmit(upload->device->transfer, 1, &info, VK_NULL_HANDLE);
  if (result != VK_SUCCESS)
    return result;
  upload->value = value;
  upload->command_values[value % VULKAN_UPLOAD_COPIES] = value;
  if (image)
    image->copied_value = value;
  return VK_SUCCESS;
}

/* ---- the ladder ---- */

/* Does the device read through the import what is in the region? 0 bytes differ. */
static VkResult try_import(struct vulkan_upload *upload, bool *same) {
  struct vulkan_buffer seen;
  VkBuffer source;
  VkCommandBuffer commands;
  uint64_t inside;
  *same = false;
  if (!vulkan_import_find(upload->import, upload->region.trial_offset, PRESENTER_TRIAL_BYTES, &source, &inside))
    return VK_SUCCESS;
  VkResult result = vulkan_buffer_init(&seen, upload->device, PRESENTER_TRIAL_BYTES, VK_BUFFER_USAGE_TRANSFER_DST_BIT, 0);
  if (result == VK_SUCCESS)
    result = begin(upload, NULL, &commands);
  if (result == VK_SUCCESS) {
    const VkBufferCopy copy = {.srcOffset = inside, .size = PRESENTER_TRIAL_BYTES};
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT, .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    memset(seen.mapped, 0, PRESENTER_TRIAL_BYTES);
    vkCmdCopyBuffer(commands, source, seen.handle, 1, &copy);
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
    result = submit(upload, commands, NULL);
  }
  if (result == VK_SUCCESS)
    result = vulkan_upload_wait(upload, WAIT_NS);
  *same =
      result == VK_SUCCESS && memcmp(seen.mapped, upload->region.trial, PRESENTER_TRIAL_BYTES) == 0 && !present_fault(PRESENT_FAULT_TRIAL);
  if (result != VK_TIMEOUT) /* else the copy may still come */
    vulkan_buffer_finish(&seen, upload->device);
  return result;
}

static void take_route(struct vulkan_upload *upload, enum vulkan_route route) {
  upload->route = route;
  upload->frames = 0;
  if (route != VULKAN_ROUTE_STAGING)
    log_info("uploading by %s: %llu MiB imported in %.1f ms", vulkan_route_names[route], (unsigned long long)(upload->region.bytes >> 20),
             (double)vulkan_import_time_ns(upload->import) / 1e6);
  else
    log_info("uploading by staging: the CPU copies what changed");
}

static void start_import(struct vulkan_upload *upload, enum vulkan_route route) {
  upload->trying = route;
  upload->import = route < VULKAN_ROUTE_STAGING ? vulkan_import_start(upload->device, &upload->region, route) : NULL;
}

static bool refuse(struct vulkan_upload *upload, const char *why) {
  enum vulkan_route next = upload->trying + 1;
  log_warning("no upload by %s: %s", vulkan_route_names[upload->trying], why);
  vulkan_import_destroy(upload->import);
  upload->import = NULL;
  upload->trying = next;
  if (next > upload->route_last)
    return false;
  if (next == VULKAN_ROUTE_STAGING)
    take_route(upload, next);
  else
    start_import(upload, next);
  return true;
}

bool vulkan_upload_choose(struct vulkan_upload *upload) {
  bool same;
  if (!upload->import || upload->route == upload->trying)
    return upload->trying <= upload->route_last;
  if (vulkan_import_state(upload->import) == VULKAN_IMPORT_BUSY)
    return true;
  if (vulkan_import_state(upload->import) == VULKAN_IMPORT_REFUSED)
    return refuse(upload, vulkan_import_reason(upload->import));
  VkResult result = try_import(upload, &same);
  if (result != VK_SUCCESS)
    return refuse(upload, vulkan_result_name(result));
  if (!same)
    return refuse(upload, "the device does not read what is in the region");
  take_route(upload, upload->trying);
  return true;
}

static bool is_same_region(const struct vulkan_upload *upload, const struct presenter_region *region) {
  const struct presenter_region *present = &upload->region;
  return region && region->bytes && present->base == region->base && present->bytes == region->bytes && present->fd == region->fd &&
         present->slots_offset == region->slots_offset && present->slot_bytes == region->slot_bytes &&
         present->slot_count == region->slot_count;
}

void vulkan_upload_region(struct vulkan_upload *upload, const struct presenter_region *region) {
  if (is_same_region(upload, region)) {
    upload->region = *region; /* with another pattern in its trial block */
    return;
  }
  vulkan_upload_wait(upload, WAIT_NS);
  vulkan_import_destroy(upload->import);
  upload->import = NULL;
  upload->route = VULKAN_ROUTE_STAGING;
  upload->region = region ? *region : (struct presenter_region){0};
  upload->trying = upload->route_best;
  if (region && upload->trying == VULKAN_ROUTE_STAGING)
    take_route(upload, VULKAN_ROUTE_STAGING);
  else if (region)
    start_import(upload, upload->trying);
}

/* ---- copies ---- */

VkResult vulkan_upload_prepare(struct vulkan_upload *upload, const struct presenter_picture *picture) {
  uint64_t bytes = (uint64_t)picture->width * picture->height * validate_format_bytes(picture->format);
  VkResult result = vulkan_upload_wait(upload, WAIT_NS); /* a frame that was given up may still be read from there */
  if (result != VK_SUCCESS || upload->route != VULKAN_ROUTE_STAGING || upload->staging.bytes >= bytes)
    return result == VK_TIMEOUT ? VK_ERROR_DEVICE_LOST : result;
  vulkan_buffer_finish(&upload->staging, upload->device);
  return vulkan_buffer_init(&upload->staging, upload->device, bytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, 0);
}

VkResult vulkan_upload_level(struct vulkan_upload *upload, struct vulkan_image *image, struct vulkan_image *shown,
                             const struct transom_rect *rects, uint32_t count) {
  VkImageCopy copies[RECTS_MAX];
  VkCommandBuffer commands;
  assert(count <= RECTS_MAX);
  for (uint32_t i = 0; i < count; i++)
    copies[i] = (VkImageCopy){.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                              .srcOffset = {rects[i].x, rects[i].y, 0},
                              .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                              .dstOffset = {rects[i].x, rects[i].y, 0},
                              .extent = {rects[i].width, rects[i].height, 1}};
  VkResult result = begin(upload, image, &commands);
  if (result != VK_SUCCESS)
    return result;
  vkCmdCopyImage(commands, shown->handle, VK_IMAGE_LAYOUT_GENERAL, image->handle, VK_IMAGE_LAYOUT_GENERAL, count, copies);
  return submit(upload, commands, image);
}

static void fill_staging(struct vulkan_upload *upload, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                         const struct presenter_picture *picture, const struct transom_rect *rects, uint32_t count) {
  size_t pixel_bytes = validate_format_bytes(picture->format), row_bytes = picture->width * pixel_bytes;
  for (uint32_t i = 0; i < count; i++) {
    size_t left = rects[i].x * pixel_bytes;
    memory_copy_rows_stream((uint8_t *)upload->staging.mapped + rects[i].y * row_bytes + left, row_bytes,
                            (const uint8_t *)(uintptr_t)pixels + (size_t)rects[i].y * pitch_bytes + left, pitch_bytes,
                            rects[i].width * pixel_bytes, rects[i].height);
  }
}

/* Where the picture lies for the device: its buffer, the place of its first pixel, and a row's pixels. */
static bool find_source(struct vulkan_upload *upload, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                        const struct presenter_picture *picture, VkBuffer *buffer, uint64_t *first, uint32_t *row_pixels) {
  uint32_t pixel_bytes = validate_format_bytes(picture->format);
  if (upload->route == VULKAN_ROUTE_STAGING) {
    *buffer = upload->staging.handle;
    *first = 0;
    *row_pixels = picture->width;
    return true;
  }
  uint64_t offset = (uint64_t)(pixels - upload->region.base);
  *row_pixels = pitch_bytes / pixel_bytes;
  return pixels >= upload->region.base &&
         vulkan_import_find(upload->import, offset, (uint64_t)pitch_bytes * picture->height, buffer, first);
}

/* TRANSOM_PRESENT_FAULT: the device is lost after some frames. */
static bool must_be_lost(const struct vulkan_upload *upload) {
  enum present_fault fault = upload->route == VULKAN_ROUTE_STAGING ? PRESENT_FAULT_LOST_STAGING : PRESENT_FAULT_LOST_IMPORT;
  return upload->frames > PRESENT_FAULT_FRAMES && present_fault(fault);
}

VkResult vulkan_upload_copy(struct vulkan_upload *upload, struct vulkan_image *image, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                            const struct transom_rect *rects, uint32_t count) {
  const struct presenter_picture *picture = &image->picture;
  uint32_t pixel_bytes = validate_format_bytes(picture->format), row_pixels;
  VkBufferImageCopy copies[RECTS_MAX];
  VkBuffer source;
  VkCommandBuffer commands;
  uint64_t first;
  assert(count <= RECTS_MAX);
  if (!find_source(upload, pixels, pitch_bytes, picture, &source, &first, &row_pixels))
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  if (upload->route == VULKAN_ROUTE_STAGING)
    fill_staging(upload, pixels, pitch_bytes, picture, rects, count);
  for (uint32_t i = 0; i < count; i++)
    copies[i] = (VkBufferImageCopy){.bufferOffset = first + ((uint64_t)rects[i].y * row_pixels + rects[i].x) * pixel_bytes,
                                    .bufferRowLength = row_pixels,
                                    .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                    .imageOffset = {rects[i].x, rects[i].y, 0},
                                    .imageExtent = {rects[i].width, rects[i].height, 1}};
  VkResult result = must_be_lost(upload) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
  if (result == VK_SUCCESS && upload->clock.pool)
    result = vulkan_upload_wait(upload, WAIT_NS);
  if (result == VK_SUCCESS)
    result = begin(upload, image, &commands);
  if (result != VK_SUCCESS)
    return result;
  vulkan_clock_begin(&upload->clock, commands);
  vkCmdCopyBufferToImage(commands, source, image->handle, VK_IMAGE_LAYOUT_GENERAL, count, copies);
  vulkan_clock_end(&upload->clock, commands);
  return submit(upload, commands, image);
}
