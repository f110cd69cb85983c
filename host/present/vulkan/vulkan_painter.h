/* Draws picture, cursor and overlay into an image: render passes, pipelines, what the shaders read. The presenting thread.
 *
 * Buffers that shaders read are written by the CPU between two drawings: nothing may be in flight then. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_PAINTER_H
#define TRANSOM_HOST_PRESENT_VULKAN_PAINTER_H

#include "host/present/cursor_image.h"
#include "host/present/overlay.h"
#include "host/present/pixel_convert.h"
#include "host/present/vulkan/vulkan_image.h"
#include "host/present/vulkan/vulkan_pipeline.h"

#define VULKAN_PAINTER_TEXT_BYTES (2u << 20) /* of each text: a line of 4K width and 26 points is 0.13 MiB */

struct vulkan_painter {
  const struct vulkan_device *device;
  VkRenderPass window_pass, read_pass; /* alike but for what becomes of the image: presented, or copied */
  VkDescriptorSetLayout picture_set_layout, overlay_set_layout;
  VkPipelineLayout picture_layout, overlay_layout;
  VkPipeline picture_pipelines[PICTURE_DECODES][2], overlay_pipeline; /* [decode][linear]: made when first needed */
  VkDescriptorPool pool;
  VkDescriptorSet overlay_set;
  VkSampler sampler; /* of no effect: shaders fetch texels */
  struct vulkan_buffer tables, cursor, text;
  uint32_t text_versions[OVERLAY_TEXTS];
};

/* One drawing. */
struct vulkan_painting {
  VkFramebuffer framebuffer;
  uint32_t width, height;
  VkRenderPass pass;
  const struct vulkan_image *image; /* NULL: no picture */
  bool is_scaled;                   /* it has the layout's size, upright (vulkan_scaler.h) */
  struct picture_layout layout;
  bool has_cursor;
  int32_t cursor_x, cursor_y; /* left and top in the upright picture */
  uint32_t cursor_width, cursor_height;
  const struct overlay_item *items;
  uint32_t item_count;
};

VkResult vulkan_painter_init(struct vulkan_painter *painter, const struct vulkan_device *device, VkFormat format,
                             const struct pixel_convert *tables);
void vulkan_painter_finish(struct vulkan_painter *painter);

/* A slot's descriptor set, and the set's content for the image that is in the slot now. */
VkResult vulkan_painter_allocate_set(struct vulkan_painter *painter, VkDescriptorSet *set);
void vulkan_painter_use_image(struct vulkan_painter *painter, const struct vulkan_image *image);

void vulkan_painter_load_cursor(struct vulkan_painter *painter, const struct cursor_image *cursor);
void vulkan_painter_load_texts(struct vulkan_painter *painter, const struct overlay *overlay);

/* Has the pipeline for this painting, makes it if it was never needed before. Before recording. */
VkResult vulkan_painter_prepare(struct vulkan_painter *painter, const struct vulkan_painting *painting);

/* Into `commands`, which are recording. Data plane. */
void vulkan_painter_record(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting);

#endif
