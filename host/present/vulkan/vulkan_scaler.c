#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_scaler.h"

#include "common/log.h"
#include "host/present/present_fault.h"

#include <stdio.h>

/* ---- life ---- */

static void turn_on(struct vulkan_scaler *scaler) {
  char error[256];
  if (present_fault(PRESENT_FAULT_PLACEBO))
    snprintf(error, sizeof error, "refused by TRANSOM_PRESENT_FAULT");
  else
    scaler->placebo = vulkan_placebo_create(scaler->device, error, sizeof error);
  if (!scaler->placebo)
    log_warning("no --quality high by libplacebo: %s; going on with fast", error);
  else
    log_info("scaling, and showing HDR, by libplacebo");
}

void vulkan_scaler_init(struct vulkan_scaler *scaler, const struct vulkan_device *device, struct vulkan_painter *painter,
                        VkSemaphore copied) {
  *scaler = (struct vulkan_scaler){.device = device, .painter = painter, .copied = copied};
  VkResult result = vulkan_timeline_create(device, &scaler->done);
  if (result == VK_SUCCESS)
    result = vulkan_painter_allocate_set(painter, &scaler->target.set);
  if (result == VK_SUCCESS)
    turn_on(scaler);
  else
    log_warning("no --quality high: %s; going on with fast", vulkan_result_name(result));
}

void vulkan_scaler_finish(struct vulkan_scaler *scaler) {
  if (!scaler->device)
    return;
  vulkan_placebo_destroy(scaler->placebo);
  vulkan_image_finish(&scaler->target, scaler->device);
  vkDestroySemaphore(scaler->device->handle, scaler->done, NULL);
  *scaler = (struct vulkan_scaler){0};
}

void vulkan_scaler_forget(struct vulkan_scaler *scaler, const struct vulkan_image *image) { vulkan_placebo_forget(scaler->placebo, image); }

/* ---- a painting ---- */

static bool renew_target(struct vulkan_scaler *scaler, uint32_t width, uint32_t height) {
  struct vulkan_image *target = &scaler->target;
  if (target->handle && target->picture.width == width && target->picture.height == height)
    return true;
  vulkan_placebo_forget(scaler->placebo, target);
  vulkan_image_finish(target, scaler->device);
  if (vulkan_image_init_target(target, scaler->device, width, height) != 0)
    return false;
  vulkan_painter_use_image(scaler->painter, target);
  return true;
}

/* TRANSOM_PRESENT_FAULT: it refuses after some pictures. */
static bool must_fail(const struct vulkan_scaler *scaler) {
  return scaler->pictures > PRESENT_FAULT_FRAMES && present_fault(PRESENT_FAULT_LOST_PLACEBO);
}

/* A picture that would be too large for an image, most of it outside of the window, is left to the painter. */
static bool is_needed(const struct vulkan_scaler *scaler, const struct vulkan_painting *painting) {
  uint32_t edge_max = scaler->device->properties.limits.maxImageDimension2D;
  const struct picture_layout *at = &painting->layout;
  return painting->image && at->width <= edge_max && at->height <= edge_max &&
         (!at->nearest || presenter_picture_is_pq(&painting->image->picture));
}

VkResult vulkan_scaler_apply(struct vulkan_scaler *scaler, struct vulkan_painting *painting) {
  if (scaler->has_failed) /* for a screenshot: the images are in no known state, whatever is painted now */
    return VK_ERROR_FEATURE_NOT_PRESENT;
  scaler->is_used = scaler->placebo && is_needed(scaler, painting);
  if (!scaler->is_used)
    return VK_SUCCESS;
  const struct vulkan_placebo_job job = {.source = painting->image,
                                         .copied = scaler->copied,
                                         .target = &scaler->target,
                                         .done = scaler->done,
                                         .done_value = scaler->value + 1};
  scaler->pictures++;
  if (!renew_target(scaler, painting->layout.width, painting->layout.height) || !vulkan_placebo_render(scaler->placebo, &job) ||
      must_fail(scaler)) {
    scaler->has_failed = true;
    return VK_ERROR_FEATURE_NOT_PRESENT;
  }
  scaler->value += 2;
  painting->image = &scaler->target;
  painting->is_scaled = true;
  return VK_SUCCESS;
}
