#include "host/present/vulkan/vulkan_pipeline.h"

/* SPIR-V, made by glslangValidator at build time. */
#include "shader_overlay_frag.h"
#include "shader_picture_frag.h"
#include "shader_window_vert.h"

#include <assert.h>

static_assert(sizeof(struct picture_push) <= 128, "push constants: 128 bytes are always there");

VkResult vulkan_pipeline_create_pass(const struct vulkan_device *device, VkFormat format, VkImageLayout final_layout, VkRenderPass *pass) {
  const VkAttachmentDescription attachment = {.format = format,
                                              .samples = VK_SAMPLE_COUNT_1_BIT,
                                              .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                              .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                              .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
                                              .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
                                              .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
                                              .finalLayout = final_layout};
  const VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
  const VkSubpassDescription subpass = {
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS, .colorAttachmentCount = 1, .pColorAttachments = &reference};
  /* After: a copy out of the image reads what was drawn. Both passes have it, so that they stay compatible. */
  const VkSubpassDependency dependencies[] = {{.srcSubpass = VK_SUBPASS_EXTERNAL,
                                               .dstSubpass = 0,
                                               .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                                               .dstStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                                               .dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT},
                                              {.srcSubpass = 0,
                                               .dstSubpass = VK_SUBPASS_EXTERNAL,
                                               .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                                               .dstStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT,
                                               .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                                               .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT}};
  const VkRenderPassCreateInfo info = {.sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                       .attachmentCount = 1,
                                       .pAttachments = &attachment,
                                       .subpassCount = 1,
                                       .pSubpasses = &subpass,
                                       .dependencyCount = 2,
                                       .pDependencies = dependencies};
  return vkCreateRenderPass(device->handle, &info, NULL, pass);
}

static VkResult create_shader(const struct vulkan_device *device, const uint32_t *words, size_t bytes, VkShaderModule *shader) {
  const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = words};
  return vkCreateShaderModule(device->handle, &info, NULL, shader);
}

static VkResult create_layouts(const struct vulkan_device *device, const VkDescriptorSetLayoutBinding *bindings, uint32_t count,
                               uint32_t push_bytes, VkDescriptorSetLayout *set_layout, VkPipelineLayout *layout) {
  const VkDescriptorSetLayoutCreateInfo set = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = count, .pBindings = bindings};
  VkResult result = vkCreateDescriptorSetLayout(device->handle, &set, NULL, set_layout);
  if (result != VK_SUCCESS)
    return result;
  const VkPushConstantRange push = {VK_SHADER_STAGE_FRAGMENT_BIT, 0, push_bytes};
  const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                           .setLayoutCount = 1,
                                           .pSetLayouts = set_layout,
                                           .pushConstantRangeCount = 1,
                                           .pPushConstantRanges = &push};
  return vkCreatePipelineLayout(device->handle, &info, NULL, layout);
}

/* Everything that both pipelines have in common: one triangle, viewport and scissor set while drawing. */
static VkResult create_pipeline(const struct vulkan_device *device, VkRenderPass pass, VkPipelineLayout layout,
                                const VkPipelineShaderStageCreateInfo stages[2], bool blends, VkPipeline *pipeline) {
  const VkPipelineVertexInputStateCreateInfo vertices = {.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  const VkPipelineInputAssemblyStateCreateInfo assembly = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
                                                           .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
  const VkPipelineViewportStateCreateInfo viewport = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO, .viewportCount = 1, .scissorCount = 1};
  const VkPipelineRasterizationStateCreateInfo raster = {.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
                                                         .polygonMode = VK_POLYGON_MODE_FILL,
                                                         .cullMode = VK_CULL_MODE_NONE,
                                                         .lineWidth = 1};
  const VkPipelineMultisampleStateCreateInfo samples = {.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
                                                        .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};
  const VkPipelineColorBlendAttachmentState attachment = {.blendEnable = blends,
                                                          .srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA,
                                                          .dstColorBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                          .srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
                                                          .dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                          .colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                                                                            VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT};
  const VkPipelineColorBlendStateCreateInfo blend = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO, .attachmentCount = 1, .pAttachments = &attachment};
  static const VkDynamicState states[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
  const VkPipelineDynamicStateCreateInfo dynamic = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO, .dynamicStateCount = 2, .pDynamicStates = states};
  const VkGraphicsPipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                             .stageCount = 2,
                                             .pStages = stages,
                                             .pVertexInputState = &vertices,
                                             .pInputAssemblyState = &assembly,
                                             .pViewportState = &viewport,
                                             .pRasterizationState = &raster,
                                             .pMultisampleState = &samples,
                                             .pColorBlendState = &blend,
                                             .pDynamicState = &dynamic,
                                             .layout = layout,
                                             .renderPass = pass};
  return vkCreateGraphicsPipelines(device->handle, VK_NULL_HANDLE, 1, &info, NULL, pipeline);
}

static VkResult create(const struct vulkan_device *device, VkRenderPass pass, VkPipelineLayout layout, const uint32_t *fragment,
                       size_t fragment_bytes, const VkSpecializationInfo *constants, bool blends, VkPipeline *pipeline) {
  VkShaderModule modules[2] = {VK_NULL_HANDLE, VK_NULL_HANDLE};
  VkResult result = create_shader(device, shader_window_vert, sizeof shader_window_vert, &modules[0]);
  if (result == VK_SUCCESS)
    result = create_shader(device, fragment, fragment_bytes, &modules[1]);
  if (result == VK_SUCCESS) {
    const VkPipelineShaderStageCreateInfo stages[] = {{.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                       .stage = VK_SHADER_STAGE_VERTEX_BIT,
                                                       .module = modules[0],
                                                       .pName = "main"},
                                                      {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                       .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
                                                       .module = modules[1],
                                                       .pName = "main",
                                                       .pSpecializationInfo = constants}};
    result = create_pipeline(device, pass, layout, stages, blends, pipeline);
  }
  vkDestroyShaderModule(device->handle, modules[0], NULL);
  vkDestroyShaderModule(device->handle, modules[1], NULL);
  return result;
}

VkResult vulkan_pipeline_create_picture_layouts(const struct vulkan_device *device, VkDescriptorSetLayout *set_layout,
                                                VkPipelineLayout *layout) {
  const VkDescriptorSetLayoutBinding bindings[] = {{0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, NULL},
                                                   {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, NULL},
                                                   {2, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, NULL}};
  return create_layouts(device, bindings, 3, sizeof(struct picture_push), set_layout, layout);
}

VkResult vulkan_pipeline_create_picture(const struct vulkan_device *device, VkRenderPass pass, VkPipelineLayout layout,
                                        enum picture_decode decode, bool linear, VkPipeline *pipeline) {
  const uint32_t values[] = {decode, linear};
  static const VkSpecializationMapEntry entries[] = {{0, 0, 4}, {1, 4, 4}};
  const VkSpecializationInfo constants = {.mapEntryCount = 2, .pMapEntries = entries, .dataSize = sizeof values, .pData = values};
  return create(device, pass, layout, shader_picture_frag, sizeof shader_picture_frag, &constants, false, pipeline);
}

VkResult vulkan_pipeline_create_overlay(const struct vulkan_device *device, VkRenderPass pass, VkDescriptorSetLayout *set_layout,
                                        VkPipelineLayout *layout, VkPipeline *pipeline) {
  const VkDescriptorSetLayoutBinding bindings[] = {{0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, NULL}};
  VkResult result = create_layouts(device, bindings, 1, sizeof(struct overlay_push), set_layout, layout);
  return result == VK_SUCCESS ? create(device, pass, *layout, shader_overlay_frag, sizeof shader_overlay_frag, NULL, true, pipeline)
                              : result;
}
