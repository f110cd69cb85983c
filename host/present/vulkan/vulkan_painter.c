#include "host/present/vulkan/vulkan_painter.h"

#include <string.h>

#define NO_TEXT UINT32_MAX

/* ---- life ---- */

static VkResult create_pool(struct vulkan_painter *painter) {
  const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 3}, {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 7}};
  const VkDescriptorPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 4, .poolSizeCount = 2, .pPoolSizes = sizes};
  return vkCreateDescriptorPool(painter->device->handle, &info, NULL, &painter->pool);
}

static VkResult allocate_set(struct vulkan_painter *painter, VkDescriptorSetLayout layout, VkDescriptorSet *set) {
  const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                            .descriptorPool = painter->pool,
                                            .descriptorSetCount = 1,
                                            .pSetLayouts = &layout};
  return vkAllocateDescriptorSets(painter->device->handle, &info, set);
}

static VkResult create_buffers(struct vulkan_painter *painter, const struct pixel_convert *tables) {
  const VkBufferUsageFlags usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
  const VkMemoryPropertyFlags near = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  VkResult result = vulkan_buffer_init(&painter->tables, painter->device, sizeof *tables, usage, near);
  if (result == VK_SUCCESS)
    memcpy(painter->tables.mapped, tables, sizeof *tables);
  if (result == VK_SUCCESS)
    result = vulkan_buffer_init(&painter->cursor, painter->device, 2 * CURSOR_IMAGE_PIXELS * 4, usage, near);
  if (result == VK_SUCCESS)
    result = vulkan_buffer_init(&painter->text, painter->device, OVERLAY_TEXTS * VULKAN_PAINTER_TEXT_BYTES, usage, near);
  return result;
}

static VkResult create_sampler(struct vulkan_painter *painter) {
  const VkSamplerCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                    .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                    .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                    .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE};
  return vkCreateSampler(painter->device->handle, &info, NULL, &painter->sampler);
}

static void write_buffer(const struct vulkan_painter *painter, VkDescriptorSet set, uint32_t binding, const struct vulkan_buffer *buffer) {
  const VkDescriptorBufferInfo info = {.buffer = buffer->handle, .range = VK_WHOLE_SIZE};
  const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                      .dstSet = set,
                                      .dstBinding = binding,
                                      .descriptorCount = 1,
                                      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      .pBufferInfo = &info};
  vkUpdateDescriptorSets(painter->device->handle, 1, &write, 0, NULL);
}

VkResult vulkan_painter_init(struct vulkan_painter *painter, const struct vulkan_device *device, VkFormat format,
                             const struct pixel_convert *tables) {
  *painter = (struct vulkan_painter){.device = device};
  VkResult result = vulkan_pipeline_create_pass(device, format, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR, &painter->window_pass);
  if (result == VK_SUCCESS)
    result = vulkan_pipeline_create_pass(device, format, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &painter->read_pass);
  if (result == VK_SUCCESS)
    result = vulkan_pipeline_create_picture_layouts(device, &painter->picture_set_layout, &painter->picture_layout);
  if (result == VK_SUCCESS)
    result = vulkan_pipeline_create_overlay(device, painter->window_pass, &painter->overlay_set_layout, &painter->overlay_layout,
                                            &painter->overlay_pipeline);
  if (result == VK_SUCCESS)
    result = create_sampler(painter);
  if (result == VK_SUCCESS)
    result = create_buffers(painter, tables);
  if (result == VK_SUCCESS)
    result = create_pool(painter);
  if (result == VK_SUCCESS)
    result = allocate_set(painter, painter->overlay_set_layout, &painter->overlay_set);
  if (result == VK_SUCCESS)
    write_buffer(painter, painter->overlay_set, 0, &painter->text);
  return result;
}

void vulkan_painter_finish(struct vulkan_painter *painter) {
  if (!painter->device)
    return;
  VkDevice device = painter->device->handle;
  const VkPipelineLayout layouts[] = {painter->picture_layout, painter->overlay_layout};
  const VkDescriptorSetLayout sets[] = {painter->picture_set_layout, painter->overlay_set_layout};
  const VkRenderPass passes[] = {painter->window_pass, painter->read_pass};
  for (int i = 0; i < 2; i++) { /* Vulkan takes VK_NULL_HANDLE in all of these */
    for (int decode = 0; decode < PICTURE_DECODES; decode++)
      vkDestroyPipeline(device, painter->picture_pipelines[decode][i], NULL);
    vkDestroyPipelineLayout(device, layouts[i], NULL);
    vkDestroyDescriptorSetLayout(device, sets[i], NULL);
    vkDestroyRenderPass(device, passes[i], NULL);
  }
  vkDestroyPipeline(device, painter->overlay_pipeline, NULL);
  vkDestroyDescriptorPool(device, painter->pool, NULL);
  vkDestroySampler(device, painter->sampler, NULL);
  vulkan_buffer_finish(&painter->tables, painter->device);
  vulkan_buffer_finish(&painter->cursor, painter->device);
  vulkan_buffer_finish(&painter->text, painter->device);
  *painter = (struct vulkan_painter){0};
}

VkResult vulkan_painter_allocate_set(struct vulkan_painter *painter, VkDescriptorSet *set) {
  VkResult result = allocate_set(painter, painter->picture_set_layout, set);
  if (result != VK_SUCCESS)
    return result;
  write_buffer(painter, *set, 1, &painter->tables);
  write_buffer(painter, *set, 2, &painter->cursor);
  return VK_SUCCESS;
}

void vulkan_painter_use_image(struct vulkan_painter *painter, const struct vulkan_image *image) {
  const VkDescriptorImageInfo info = {.sampler = painter->sampler, .imageView = image->view, .imageLayout = VK_IMAGE_LAYOUT_GENERAL};
  const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                      .dstSet = image->set,
                                      .descriptorCount = 1,
                                      .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                      .pImageInfo = &info};
  vkUpdateDescriptorSets(painter->device->handle, 1, &write, 0, NULL);
}

/* ---- what shaders read ---- */

void vulkan_painter_load_cursor(struct vulkan_painter *painter, const struct cursor_image *cursor) {
  size_t bytes = (size_t)cursor->width * cursor->height * 4;
  memcpy(painter->cursor.mapped, cursor->blend, bytes);
  memcpy((uint8_t *)painter->cursor.mapped + CURSOR_IMAGE_PIXELS * 4, cursor->invert, bytes);
}

void vulkan_painter_load_texts(struct vulkan_painter *painter, const struct overlay *overlay) {
  for (uint32_t i = 0; i < OVERLAY_TEXTS; i++) {
    uint32_t version;
    const struct text_image *image = overlay_image(overlay, (enum overlay_text)i, &version);
    size_t bytes = (size_t)image->width * image->height;
    if (version == painter->text_versions[i])
      continue;
    painter->text_versions[i] = version;
    if (bytes && bytes <= VULKAN_PAINTER_TEXT_BYTES) /* a larger one is drawn by what was there: nobody has such a window */
      memcpy((uint8_t *)painter->text.mapped + i * VULKAN_PAINTER_TEXT_BYTES, image->coverage, bytes);
  }
}

/* ---- drawing ---- */

static enum picture_decode decode_of(const struct vulkan_painting *painting) {
  const struct presenter_picture *picture = &painting->image->picture;
  if (painting->is_scaled)
    return PICTURE_DECODE_SCALED;
  if (picture->format == TRANSOM_FORMAT_RGBA16F)
    return PICTURE_DECODE_HALF;
  if (picture->format == TRANSOM_FORMAT_RGB10A2)
    return presenter_picture_is_pq(picture) ? PICTURE_DECODE_TEN_PQ : PICTURE_DECODE_TEN;
  return PICTURE_DECODE_EIGHT;
}

VkResult vulkan_painter_prepare(struct vulkan_painter *painter, const struct vulkan_painting *painting) {
  if (!painting->image)
    return VK_SUCCESS;
  enum picture_decode decode = decode_of(painting);
  bool linear = !painting->layout.nearest;
  VkPipeline *pipeline = &painter->picture_pipelines[decode][linear];
  return *pipeline
             ? VK_SUCCESS
             : vulkan_pipeline_create_picture(painter->device, painter->window_pass, painter->picture_layout, decode, linear, pipeline);
}

/* The part of a rectangle that lies in the window. */
static bool set_scissor(VkCommandBuffer commands, const struct vulkan_painting *painting, int64_t x, int64_t y, int64_t width,
                        int64_t height) {
  int64_t left = x > 0 ? x : 0, top = y > 0 ? y : 0;
  int64_t right = x + width < painting->width ? x + width : painting->width;
  int64_t bottom = y + height < painting->height ? y + height : painting->height;
  if (left >= right || top >= bottom)
    return false;
  const VkRect2D scissor = {{(int32_t)left, (int32_t)top}, {(uint32_t)(right - left), (uint32_t)(bottom - top)}};
  vkCmdSetScissor(commands, 0, 1, &scissor);
  return true;
}

static void draw_picture(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting) {
  const struct picture_layout *at = &painting->layout;
  const struct presenter_picture *picture = &painting->image->picture;
  const struct picture_push push = {.target = {at->x, at->y, (int32_t)at->width, (int32_t)at->height},
                                    .pointer = {painting->cursor_x, painting->cursor_y,
                                                painting->has_cursor ? (int32_t)painting->cursor_width : 0,
                                                (int32_t)painting->cursor_height},
                                    .upright = {(int32_t)at->picture_width, (int32_t)at->picture_height},
                                    .memory = {(int32_t)picture->width, (int32_t)picture->height},
                                    .rotation = picture->rotation,
                                    .pointer_plane = CURSOR_IMAGE_PIXELS};
  if (!set_scissor(commands, painting, at->x, at->y, at->width, at->height))
    return;
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, painter->picture_pipelines[decode_of(painting)][!at->nearest]);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, painter->picture_layout, 0, 1, &painting->image->set, 0, NULL);
  vkCmdPushConstants(commands, painter->picture_layout, VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof push, &push);
  vkCmdDraw(commands, 3, 1, 0, 0);
}

static void draw_item(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting,
                      const struct overlay_item *item) {
  bool is_text = item->text != OVERLAY_PLAIN;
  const struct overlay_push push = {
      .colour = {(float)item->red / 255, (float)item->green / 255, (float)item->blue / 255, (float)item->alpha / 255},
      .corner = {item->x, item->y},
      .first = is_text ? (uint32_t)item->text * VULKAN_PAINTER_TEXT_BYTES : NO_TEXT,
      .pitch = item->width};
  if (is_text && (uint64_t)item->width * item->height > VULKAN_PAINTER_TEXT_BYTES)
    return;
  if (!set_scissor(commands, painting, item->x, item->y, item->width, item->height))
    return;
  vkCmdPushConstants(commands, painter->overlay_layout, VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof push, &push);
  vkCmdDraw(commands, 3, 1, 0, 0);
}

static void draw_overlay(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting) {
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, painter->overlay_pipeline);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, painter->overlay_layout, 0, 1, &painter->overlay_set, 0, NULL);
  for (uint32_t i = 0; i < painting->item_count; i++)
    draw_item(painter, commands, painting, &painting->items[i]);
}

void vulkan_painter_record(const struct vulkan_painter *painter, VkCommandBuffer commands, const struct vulkan_painting *painting) {
  const VkClearValue black = {.color = {.float32 = {0, 0, 0, 1}}};
  const VkRenderPassBeginInfo info = {.sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                                      .renderPass = painting->pass,
                                      .framebuffer = painting->framebuffer,
                                      .renderArea = {{0, 0}, {painting->width, painting->height}},
                                      .clearValueCount = 1,
                                      .pClearValues = &black};
  const VkViewport viewport = {0, 0, (float)painting->width, (float)painting->height, 0, 1};
  vkCmdBeginRenderPass(commands, &info, VK_SUBPASS_CONTENTS_INLINE);
  vkCmdSetViewport(commands, 0, 1, &viewport);
  if (painting->image)
    draw_picture(painter, commands, painting);
  if (painting->item_count)
    draw_overlay(painter, commands, painting);
  vkCmdEndRenderPass(commands);
}
