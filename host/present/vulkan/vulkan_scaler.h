/* The optional stage between the shown picture and the window (--quality high): a picture that is not drawn pixel for pixel, or is HDR,
 * goes through libplacebo into an image as large as the window shows it, with what the window cuts off: filters look there. The painter
 * then draws that one pixel for pixel, the cursor over it. Everything else is left to the painter. The presenting thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_SCALER_H
#define TRANSOM_HOST_PRESENT_VULKAN_SCALER_H

#include "host/present/vulkan/vulkan_painter.h"
#include "host/present/vulkan/vulkan_placebo.h"

struct vulkan_scaler {
  const struct vulkan_device *device;
  struct vulkan_painter *painter;
  struct vulkan_placebo *placebo; /* NULL: off */
  VkSemaphore copied;             /* the uploads' timeline */
  VkSemaphore done;               /* timeline: `value` when the target may be drawn and the source written */
  uint64_t value;
  struct vulkan_image target;
  uint32_t pictures; /* rendered, for the fault switch */
  bool is_used;      /* for the last painting */
  bool has_failed;   /* in mid-run: the device must be made anew, without this */
};

/* Refused: off, and the log says why. */
void vulkan_scaler_init(struct vulkan_scaler *scaler, const struct vulkan_device *device, struct vulkan_painter *painter,
                        VkSemaphore copied);
void vulkan_scaler_finish(struct vulkan_scaler *scaler); /* nothing may be in flight; all zero is fine */

/* Before an image that may have been painted is finished. */
void vulkan_scaler_forget(struct vulkan_scaler *scaler, const struct vulkan_image *image);

/* Nothing may be in flight. Where the stage is on and needed: submits it and has `painting` draw its result, which may be read once `done`
 * has `value`. Else nothing happens. An error: has_failed. */
VkResult vulkan_scaler_apply(struct vulkan_scaler *scaler, struct vulkan_painting *painting);

#endif
