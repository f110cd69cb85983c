#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_placebo.h"

#include "common/log.h"

#include <libplacebo/log.h>
#include <libplacebo/renderer.h>
#include <libplacebo/vulkan.h>
#include <stdio.h>
#include <stdlib.h>

/* Written for PL_API_VER 208 (4.208) and newer; the calls that changed are give() and take_back(). */

#define WRAPS 3u         /* two pictures and a target */
#define SDR_NITS 203.0f  /* ITU-R BT.2408: SDR white in an HDR picture, as in pixel_convert.c */
#define HDR_NITS 1000.0f /* frames do not say how bright they get; what most games and films are made for */
#define BLACK_NITS 1e-6f /* 0 would mean "unknown", and black be lifted to a display's */

struct wrap {
  VkImage handle; /* VK_NULL_HANDLE: none */
  pl_tex texture;
};

struct vulkan_placebo {
  pl_log log;
  pl_vulkan vulkan;
  pl_renderer renderer;
  struct wrap wraps[WRAPS];
  struct pl_color_map_params color_map;
  struct pl_render_params params;
};

/* ---- life ---- */

static void on_message(void *user_data, enum pl_log_level level, const char *text) {
  (void)user_data, (void)level;
  log_warning("libplacebo: %s", text);
}

static pl_vulkan import_device(pl_log log, const struct vulkan_device *device) {
  const VkPhysicalDeviceVulkan12Features twelve = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                   .hostQueryReset = device->resets_queries,
                                                   .timelineSemaphore = VK_TRUE};
  const VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = (void *)&twelve};
  /* The device's extensions are not named: it needs none of them. Its version is bounded by our instance's. */
  const struct pl_vulkan_import_params params = {.instance = device->instance->handle,
                                                 .get_proc_addr = vkGetInstanceProcAddr,
                                                 .phys_device = device->physical,
                                                 .device = device->handle,
                                                 .queue_graphics = {.index = device->graphics_family, .count = 1},
                                                 .features = &features,
                                                 .max_api_version = VK_API_VERSION_1_2};
  return pl_vulkan_import(log, &params);
}

/* Three lobes both ways, in linear light, against ringing in sigmoid light upwards. No dithering, no debanding: pixels stay the guest's. */
static void set_params(struct vulkan_placebo *placebo) {
  placebo->color_map = pl_color_map_default_params;
  placebo->color_map.tone_mapping_function = &pl_tone_map_bt2390;
  placebo->params = (struct pl_render_params){.upscaler = &pl_filter_lanczos,
                                              .downscaler = &pl_filter_lanczos,
                                              .sigmoid_params = &pl_sigmoid_default_params,
                                              .color_map_params = &placebo->color_map};
}

struct vulkan_placebo *vulkan_placebo_create(const struct vulkan_device *device, char *error, size_t capacity) {
  const struct pl_log_params log = {.log_cb = on_message, .log_level = PL_LOG_WARN};
  struct vulkan_placebo *placebo = calloc(1, sizeof *placebo);
  snprintf(error, capacity, "out of memory");
  if (!placebo)
    return NULL;
  placebo->log = pl_log_create(PL_API_VER, &log);
  placebo->vulkan = import_device(placebo->log, device);
  placebo->renderer = placebo->vulkan ? pl_renderer_create(placebo->log, placebo->vulkan->gpu) : NULL;
  set_params(placebo);
  if (placebo->renderer)
    return placebo;
  snprintf(error, capacity, "it does not take %s", device->properties.deviceName);
  vulkan_placebo_destroy(placebo);
  return NULL;
}

void vulkan_placebo_destroy(struct vulkan_placebo *placebo) {
  if (!placebo)
    return;
  for (uint32_t i = 0; placebo->vulkan && i < WRAPS; i++)
    pl_tex_destroy(placebo->vulkan->gpu, &placebo->wraps[i].texture);
  pl_renderer_destroy(&placebo->renderer);
  pl_vulkan_destroy(&placebo->vulkan);
  pl_log_destroy(&placebo->log);
  free(placebo);
}

/* ---- images ---- */

void vulkan_placebo_forget(struct vulkan_placebo *placebo, const struct vulkan_image *image) {
  if (!placebo || !image->handle)
    return;
  for (uint32_t i = 0; i < WRAPS; i++) {
    struct wrap *wrap = &placebo->wraps[i];
    if (wrap->handle != image->handle)
      continue;
    pl_gpu_finish(placebo->vulkan->gpu); /* nothing of it is kept for later */
    pl_tex_destroy(placebo->vulkan->gpu, &wrap->texture);
    *wrap = (struct wrap){0};
  }
}

static pl_tex wrap_image(pl_gpu gpu, const struct vulkan_image *image) {
  return pl_vulkan_wrap(gpu, pl_vulkan_wrap_params(.image = image->handle, .width = (int)image->picture.width,
                                                   .height = (int)image->picture.height,
                                                   .format = vulkan_image_format(image->picture.format), .usage = image->usage));
}

/* The image as libplacebo knows it, ours until give(). NULL: it does not take it. */
static pl_tex find(struct vulkan_placebo *placebo, const struct vulkan_image *image) {
  struct wrap *unused = NULL;
  for (uint32_t i = 0; i < WRAPS; i++) {
    struct wrap *wrap = &placebo->wraps[i];
    if (wrap->handle == image->handle)
      return wrap->texture;
    if (!wrap->handle)
      unused = wrap;
  }
  pl_tex texture = unused ? wrap_image(placebo->vulkan->gpu, image) : NULL;
  if (texture)
    *unused = (struct wrap){image->handle, texture};
  return texture;
}

static void give(pl_gpu gpu, pl_tex texture, VkImageLayout layout, pl_vulkan_sem when) {
#if PL_API_VER >= 237
  pl_vulkan_release_ex(gpu, pl_vulkan_release_params(.tex = texture, .layout = layout, .qf = VK_QUEUE_FAMILY_IGNORED, .semaphore = when));
#else
  pl_vulkan_release(gpu, texture, layout, when);
#endif
}

static bool take_back(pl_gpu gpu, pl_tex texture, pl_vulkan_sem then) {
  const VkImageLayout layout = VK_IMAGE_LAYOUT_GENERAL;
#if PL_API_VER >= 237
  return pl_vulkan_hold_ex(gpu, pl_vulkan_hold_params(.tex = texture, .layout = layout, .qf = VK_QUEUE_FAMILY_IGNORED, .semaphore = then));
#else
  return pl_vulkan_hold(gpu, texture, layout, then);
#endif
}

/* ---- rendering ---- */

static struct pl_color_space space_of(const struct presenter_picture *picture) {
  struct pl_color_space space = {.primaries = PL_COLOR_PRIM_BT_709,
                                 .transfer = picture->format == TRANSOM_FORMAT_RGBA16F ? PL_COLOR_TRC_LINEAR : PL_COLOR_TRC_SRGB,
                                 .hdr = {.min_luma = BLACK_NITS, .max_luma = SDR_NITS}};
  if (presenter_picture_is_pq(picture)) {
    space.primaries = PL_COLOR_PRIM_BT_2020;
    space.transfer = PL_COLOR_TRC_PQ;
    space.hdr.max_luma = HDR_NITS;
  }
  return space;
}

/* Three channels in the texture's order; what stands in the fourth is nobody's transparency. */
static struct pl_frame frame_of(const struct vulkan_image *image, pl_tex texture) {
  return (struct pl_frame){.num_planes = 1,
                           .planes = {{.texture = texture, .components = 3, .component_mapping = {0, 1, 2}}},
                           .repr = pl_color_repr_rgb,
                           .color = space_of(&image->picture)};
}

bool vulkan_placebo_render(struct vulkan_placebo *placebo, const struct vulkan_placebo_job *job) {
  pl_gpu gpu = placebo->vulkan->gpu;
  pl_tex from = find(placebo, job->source), to = find(placebo, job->target);
  if (!from || !to)
    return false;
  struct pl_frame source = frame_of(job->source, from), target = frame_of(job->target, to);
  source.rotation = (int)job->source->picture.rotation;
  give(gpu, from, VK_IMAGE_LAYOUT_GENERAL, (pl_vulkan_sem){job->copied, job->source->copied_value});
  give(gpu, to, VK_IMAGE_LAYOUT_UNDEFINED, (pl_vulkan_sem){0});
  bool rendered = pl_render_image(placebo->renderer, &source, &target, &placebo->params);
  bool target_is_back = take_back(gpu, to, (pl_vulkan_sem){job->done, job->done_value});
  bool source_is_back = take_back(gpu, from, (pl_vulkan_sem){job->done, job->done_value + 1});
  pl_gpu_flush(gpu);
  return rendered && target_is_back && source_is_back;
}
