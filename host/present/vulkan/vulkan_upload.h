/* From the region into the GPU's images: rectangles copied by the transfer queue, straight from the imported region or through a staging
 * buffer that the CPU fills with streaming stores. Chooses the best rung that passes a trial. The presenting thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_UPLOAD_H
#define TRANSOM_HOST_PRESENT_VULKAN_UPLOAD_H

#include "host/present/vulkan/vulkan_clock.h"
#include "host/present/vulkan/vulkan_image.h"
#include "host/present/vulkan/vulkan_import.h"

/* Copies under way at once: bands of one frame (FRAME_IMPORT_BANDS, and some more where rows come in smaller steps). */
#define VULKAN_UPLOAD_COPIES 16u

struct vulkan_upload {
  const struct vulkan_device *device;
  enum vulkan_route route_best, route_last; /* rungs that may be tried */
  enum vulkan_route trying;                 /* the one that `import` is made for */
  enum vulkan_route route;                  /* the one in use; STAGING until another has passed its trial */
  struct presenter_region region;           /* bytes 0: none */
  struct vulkan_import *import;             /* being made, or in use */
  VkCommandPool pool;
  VkCommandBuffer commands[VULKAN_UPLOAD_COPIES];
  uint64_t command_values[VULKAN_UPLOAD_COPIES];
  VkSemaphore timeline; /* of copies */
  uint64_t value;       /* submitted last */
  VkSemaphore drawings; /* the drawer's timeline */
  struct vulkan_buffer staging;
  struct vulkan_clock clock; /* all zero: copies are not timed */
  uint32_t frames;           /* since the route was taken, for the fault switches */
};

VkResult vulkan_upload_init(struct vulkan_upload *upload, const struct vulkan_device *device, VkSemaphore drawings,
                            enum vulkan_route route_best, enum vulkan_route route_last);
void vulkan_upload_finish(struct vulkan_upload *upload); /* waits for what is under way */

/* Each copy waits for the one before, and the device's clock times it. Before the first. */
VkResult vulkan_upload_time_copies(struct vulkan_upload *upload);

/* `region` NULL: none. When it returns, the one before is neither imported nor read. */
void vulkan_upload_region(struct vulkan_upload *upload, const struct presenter_region *region);

/* Goes on with choosing the rung. False: the last rung that was allowed has been refused. Between frames. */
bool vulkan_upload_choose(struct vulkan_upload *upload);

/* The staging buffer is as large as `picture` needs. */
VkResult vulkan_upload_prepare(struct vulkan_upload *upload, const struct presenter_picture *picture);

/* Data plane: each submits one copy and returns. `shown` and `image` have the same shape. */
VkResult vulkan_upload_level(struct vulkan_upload *upload, struct vulkan_image *image, struct vulkan_image *shown,
                             const struct transom_rect *rects, uint32_t count);
VkResult vulkan_upload_copy(struct vulkan_upload *upload, struct vulkan_image *image, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                            const struct transom_rect *rects, uint32_t count);

/* VK_SUCCESS: everything submitted has been copied. VK_TIMEOUT. */
VkResult vulkan_upload_wait(struct vulkan_upload *upload, uint64_t timeout_ns);

#endif
