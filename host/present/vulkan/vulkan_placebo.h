/* libplacebo on our device, our graphics queue and our images: pictures scaled by Lanczos, HDR shown as SDR. A build without libplacebo has
 * vulkan_placebo_none.c instead. The presenting thread, which is the only one that uses the graphics queue.
 *
 * libplacebo allocates and compiles shaders when a picture's or the window's shape is new. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_PLACEBO_H
#define TRANSOM_HOST_PRESENT_VULKAN_PLACEBO_H

#include "host/present/vulkan/vulkan_image.h"

#include <stddef.h>

struct vulkan_placebo;

struct vulkan_placebo_job {
  const struct vulkan_image *source;
  VkSemaphore copied;                /* timeline: has source->copied_value when the source is complete */
  const struct vulkan_image *target; /* gets the whole picture, upright */
  VkSemaphore done;                  /* timeline: gets `done_value`, then `done_value` + 1 when both images are ours again */
  uint64_t done_value;
};

/* NULL: `error` says why, in one line. */
struct vulkan_placebo *vulkan_placebo_create(const struct vulkan_device *device, char *error, size_t capacity);
void vulkan_placebo_destroy(struct vulkan_placebo *placebo); /* nothing may be in flight; NULL is fine */

/* Before an image that was a source or a target is finished. */
void vulkan_placebo_forget(struct vulkan_placebo *placebo, const struct vulkan_image *image);

/* Submits. Both images are in VK_IMAGE_LAYOUT_GENERAL before and after, but the target may have no layout before. False: they are in no
 * known state, and the device must be made anew. */
bool vulkan_placebo_render(struct vulkan_placebo *placebo, const struct vulkan_placebo_job *job);

#endif
