/* Render passes and the two pipelines: descriptions only. Control plane. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_PIPELINE_H
#define TRANSOM_HOST_PRESENT_VULKAN_PIPELINE_H

#include "host/present/vulkan/vulkan_device.h"

/* SCALED: eight bits, and the image is as large as the target already (vulkan_scaler.h). */
enum picture_decode {
  PICTURE_DECODE_EIGHT,
  PICTURE_DECODE_TEN,
  PICTURE_DECODE_TEN_PQ,
  PICTURE_DECODE_HALF,
  PICTURE_DECODE_SCALED,
  PICTURE_DECODES
};

/* shaders/picture.frag: the same order. */
struct picture_push {
  int32_t target[4], pointer[4], upright[2], memory[2];
  uint32_t rotation, pointer_plane;
};

/* shaders/overlay.frag */
struct overlay_push {
  float colour[4];
  int32_t corner[2];
  uint32_t first, pitch;
};

/* One colour attachment, cleared, left in `final_layout`. Passes that differ in that alone are compatible. */
VkResult vulkan_pipeline_create_pass(const struct vulkan_device *device, VkFormat format, VkImageLayout final_layout, VkRenderPass *pass);

VkResult vulkan_pipeline_create_picture_layouts(const struct vulkan_device *device, VkDescriptorSetLayout *set_layout,
                                                VkPipelineLayout *layout);
VkResult vulkan_pipeline_create_picture(const struct vulkan_device *device, VkRenderPass pass, VkPipelineLayout layout,
                                        enum picture_decode decode, bool linear, VkPipeline *pipeline);
VkResult vulkan_pipeline_create_overlay(const struct vulkan_device *device, VkRenderPass pass, VkDescriptorSetLayout *set_layout,
                                        VkPipelineLayout *layout, VkPipeline *pipeline);

#endif
