#define LOG_MODULE "vulkan"
#include "host/present/vulkan/presenter_vulkan.h"

#include "common/log.h"
#include "host/present/present_fault.h"
#include "host/present/present_policy.h"
#include "host/present/vulkan/vulkan_read_back.h"
#include "host/present/vulkan/vulkan_scaler.h"
#include "host/present/vulkan/vulkan_swapchain.h"
#include "host/present/vulkan/vulkan_upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define GLANCE_NS UINT64_C(1000000)   /* what present() waits for the GPU, and again for the display */
#define WAIT_NS UINT64_C(10000000000) /* what longer takes is lost */

struct presenter_vulkan {
  struct presenter base;
  struct presenter_vulkan_options options;
  struct vulkan_instance instance;
  struct presenter_region region; /* bytes 0: none */

  /* what is to be seen; survives the device */
  struct overlay *overlay;
  struct pixel_convert *convert;
  struct cursor_image cursor;
  bool cursor_is_new, cursor_visible;
  int32_t cursor_x, cursor_y;
  uint32_t window_width, window_height;
  bool fullscreen;

  /* the device's */
  struct vulkan_device device;
  struct vulkan_painter painter;
  struct vulkan_swapchain chain;
  struct vulkan_upload upload;
  struct vulkan_scaler scaler;
  struct vulkan_image images[2];
  unsigned incoming; /* index; the other one is shown */
  bool has_shown;
  VkResult frame_error; /* of begin_frame(): said by the calls that can */
  VkSemaphore drawings; /* timeline */
  uint64_t drawn_value; /* submitted last */
  bool has_place;       /* `place` of the swapchain's images is ours, to be drawn and presented */
  uint32_t place;
  VkCommandPool pool;
  VkCommandBuffer commands;
};

static struct presenter_vulkan *self_of(struct presenter *presenter) { return (struct presenter_vulkan *)presenter; }

static struct vulkan_image *incoming_of(struct presenter_vulkan *self) { return &self->images[self->incoming]; }

static struct vulkan_image *shown_of(struct presenter_vulkan *self) { return &self->images[1 - self->incoming]; }

/* ---- the device's life ---- */

static VkResult create_commands(struct presenter_vulkan *self) {
  const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                        .queueFamilyIndex = self->device.graphics_family};
  VkResult result = vkCreateCommandPool(self->device.handle, &pool, NULL, &self->pool);
  if (result != VK_SUCCESS)
    return result;
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = self->pool,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
  return vkAllocateCommandBuffers(self->device.handle, &info, &self->commands);
}

static VkResult create_parts(struct presenter_vulkan *self, VkFormat format, enum vulkan_route route_best) {
  struct vulkan_device *device = &self->device;
  VkResult result = vulkan_painter_init(&self->painter, device, format, self->convert);
  if (result == VK_SUCCESS)
    result = vulkan_swapchain_init(&self->chain, device, self->painter.window_pass, format);
  if (result == VK_SUCCESS)
    result = vulkan_timeline_create(device, &self->drawings);
  if (result == VK_SUCCESS)
    result = vulkan_upload_init(&self->upload, device, self->drawings, route_best, self->options.route_last);
  if (result == VK_SUCCESS && self->options.common.times_copies)
    result = vulkan_upload_time_copies(&self->upload);
  if (result == VK_SUCCESS)
    result = create_commands(self);
  for (int i = 0; i < 2 && result == VK_SUCCESS; i++)
    result = vulkan_painter_allocate_set(&self->painter, &self->images[i].set);
  if (result == VK_SUCCESS && self->options.common.quality == PICTURE_QUALITY_HIGH)
    vulkan_scaler_init(&self->scaler, device, &self->painter, self->upload.timeline);
  return result;
}

static bool set_up(struct presenter_vulkan *self, enum vulkan_route route_best, char *error, size_t capacity) {
  VkFormat format;
  if (!vulkan_device_init(&self->device, &self->instance, error, capacity))
    return false;
  const char *name = self->device.properties.deviceName;
  if (self->device.is_software && !self->options.takes_software) {
    snprintf(error, capacity, "%s is no GPU; --renderer vulkan takes it nevertheless", name);
    return false;
  }
  if (!self->instance.surface.handle) {
    format = VK_FORMAT_B8G8R8A8_UNORM;
  } else if (!vulkan_swapchain_format(&self->device, &format)) {
    snprintf(error, capacity, "%s cannot show eight bits a channel in this window", name);
    return false;
  }
  VkResult result = create_parts(self, format, route_best);
  if (result != VK_SUCCESS) {
    snprintf(error, capacity, "%s cannot be set up: %s", name, vulkan_result_name(result));
    return false;
  }
  self->cursor_is_new = true;
  log_info("presenting by Vulkan on %s%s", name,
           self->device.transfer_family != self->device.graphics_family ? ", with its copy engine" : "");
  if (self->region.bytes)
    vulkan_upload_region(&self->upload, &self->region);
  return true;
}

static void tear_down(struct presenter_vulkan *self) {
  if (!self->device.handle)
    return;
  vkDeviceWaitIdle(self->device.handle);
  vulkan_scaler_finish(&self->scaler);
  vulkan_upload_finish(&self->upload);
  for (int i = 0; i < 2; i++) {
    vulkan_image_finish(&self->images[i], &self->device);
    self->images[i] = (struct vulkan_image){0};
  }
  vulkan_swapchain_finish(&self->chain);
  vulkan_painter_finish(&self->painter);
  if (self->pool)
    vkDestroyCommandPool(self->device.handle, self->pool, NULL);
  if (self->drawings)
    vkDestroySemaphore(self->device.handle, self->drawings, NULL);
  self->pool = VK_NULL_HANDLE;
  self->drawings = VK_NULL_HANDLE;
  self->drawn_value = 0;
  self->has_shown = self->has_place = false;
  vulkan_device_finish(&self->device);
}

/* The rung in use has failed: the device is made anew for the next one. */
static enum presenter_result fall(struct presenter_vulkan *self, VkResult why) {
  char error[256];
  enum vulkan_route failed = self->upload.route, next = failed + 1;
  if (self->scaler.has_failed) {
    log_warning("libplacebo has failed: going on with --quality fast");
    self->options.common.quality = PICTURE_QUALITY_FAST;
    next = self->upload.route_best;
  } else if (why == VK_ERROR_FEATURE_NOT_PRESENT)
    log_warning("no way of uploading is left");
  else
    log_warning("presenting by %s failed: %s", vulkan_route_names[failed], vulkan_result_name(why));
  tear_down(self);
  if (next > self->options.route_last || why == VK_ERROR_SURFACE_LOST_KHR)
    return PRESENTER_FAILED;
  if (set_up(self, next, error, sizeof error))
    return PRESENTER_LOST;
  log_warning("%s", error);
  tear_down(self);
  return PRESENTER_FAILED;
}

/* ---- uploads ---- */

static const char *rung(const struct presenter *presenter) {
  return vulkan_route_names[((const struct presenter_vulkan *)presenter)->upload.route];
}

static const char *scaler(const struct presenter *presenter) {
  return ((const struct presenter_vulkan *)presenter)->scaler.is_used ? "libplacebo" : "";
}

static void region(struct presenter *presenter, const struct presenter_region *region) {
  struct presenter_vulkan *self = self_of(presenter);
  self->region = region ? *region : (struct presenter_region){0};
  if (self->device.handle) /* not after a failure */
    vulkan_upload_region(&self->upload, region);
}

/* Incoming gets another shape: nothing may read or write the old one any more. */
static int renew_incoming(struct presenter_vulkan *self, const struct presenter_picture *picture) {
  struct vulkan_image *image = incoming_of(self);
  if (vulkan_timeline_wait(&self->device, self->drawings, image->drawn_value, WAIT_NS) != VK_SUCCESS)
    return -EIO;
  vulkan_scaler_forget(&self->scaler, image);
  vulkan_image_finish(image, &self->device);
  int error = vulkan_image_init(image, &self->device, picture);
  if (error == 0)
    vulkan_painter_use_image(&self->painter, image);
  return error;
}

static int begin_frame(struct presenter *presenter, const struct presenter_picture *picture) {
  struct presenter_vulkan *self = self_of(presenter);
  self->frame_error = vulkan_upload_choose(&self->upload) ? vulkan_upload_prepare(&self->upload, picture) : VK_ERROR_FEATURE_NOT_PRESENT;
  if (self->frame_error != VK_SUCCESS)
    return 0;
  self->upload.frames++;
  bool same = incoming_of(self)->handle && presenter_picture_equal(picture, &incoming_of(self)->picture);
  return same ? 0 : renew_incoming(self, picture);
}

static enum presenter_result answer(struct presenter_vulkan *self, VkResult result) {
  if (result == VK_SUCCESS)
    return PRESENTER_OK;
  return result == VK_TIMEOUT ? PRESENTER_PENDING : fall(self, result);
}

static enum presenter_result level(struct presenter *presenter, const struct transom_rect *rects, uint32_t count) {
  struct presenter_vulkan *self = self_of(presenter);
  if (self->frame_error != VK_SUCCESS)
    return fall(self, self->frame_error);
  return answer(self, vulkan_upload_level(&self->upload, incoming_of(self), shown_of(self), rects, count));
}

static enum presenter_result upload(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                    const struct transom_rect *rects, uint32_t count) {
  struct presenter_vulkan *self = self_of(presenter);
  if (self->frame_error != VK_SUCCESS)
    return fall(self, self->frame_error);
  return answer(self, vulkan_upload_copy(&self->upload, incoming_of(self), pixels, pitch_bytes, rects, count));
}

static enum presenter_result finish_upload(struct presenter *presenter, uint64_t timeout_ns) {
  struct presenter_vulkan *self = self_of(presenter);
  return answer(self, vulkan_upload_wait(&self->upload, timeout_ns));
}

static bool copy_time(const struct presenter *presenter, double *ns) {
  return vulkan_clock_read(&((const struct presenter_vulkan *)presenter)->upload.clock, ns);
}

static void commit(struct presenter *presenter) {
  struct presenter_vulkan *self = self_of(presenter);
  self->incoming = 1 - self->incoming;
  self->has_shown = true;
}

/* ---- what is to be seen ---- */

static void cursor_shape(struct presenter *presenter, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  struct presenter_vulkan *self = self_of(presenter);
  cursor_image_load(&self->cursor, shape, pixels);
  self->cursor_is_new = true;
}

static void cursor_move(struct presenter *presenter, int32_t x, int32_t y, bool visible) {
  struct presenter_vulkan *self = self_of(presenter);
  self->cursor_x = x;
  self->cursor_y = y;
  self->cursor_visible = visible;
}

static void status(struct presenter *presenter, const struct presenter_status *status) {
  overlay_set_status(self_of(presenter)->overlay, status);
}

static void hint(struct presenter *presenter, const char *text) { overlay_set_hint(self_of(presenter)->overlay, text); }

static void hud(struct presenter *presenter, const char *text) { overlay_set_hud(self_of(presenter)->overlay, text); }

static void graph(struct presenter *presenter, const struct presenter_graph *graph) {
  overlay_set_graph(self_of(presenter)->overlay, graph);
}

static void resize(struct presenter *presenter, uint32_t width, uint32_t height, bool fullscreen) {
  struct presenter_vulkan *self = self_of(presenter);
  self->window_width = width;
  self->window_height = height;
  self->fullscreen = fullscreen;
  self->chain.is_old = true;
}

static bool layout(const struct presenter *presenter, struct picture_layout *layout) {
  const struct presenter_vulkan *self = (const struct presenter_vulkan *)presenter;
  const struct presenter_picture *picture = &self->images[1 - self->incoming].picture;
  if (!self->has_shown || !self->window_width || !self->window_height)
    return false;
  *layout = picture_layout_place(self->options.common.scaling, self->window_width, self->window_height, picture->width, picture->height,
                                 picture->rotation);
  return true;
}

/* ---- drawing ---- */

static void add_picture(struct presenter_vulkan *self, struct vulkan_painting *painting, bool with_cursor) {
  const struct cursor_image *cursor = &self->cursor;
  painting->image = shown_of(self);
  painting->has_cursor = with_cursor && self->cursor_visible && cursor->width;
  painting->cursor_x = self->cursor_x - (int32_t)cursor->hot_x;
  painting->cursor_y = self->cursor_y - (int32_t)cursor->hot_y;
  painting->cursor_width = cursor->width;
  painting->cursor_height = cursor->height;
}

static void load_cursor(struct presenter_vulkan *self) {
  if (self->cursor_is_new)
    vulkan_painter_load_cursor(&self->painter, &self->cursor);
  self->cursor_is_new = false;
}

static VkResult submit(struct presenter_vulkan *self, uint32_t index, struct vulkan_image *image) {
  const VkPipelineStageFlags stages[] = {VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                                         VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT};
  const VkSemaphore waits[] = {self->chain.free, self->upload.timeline, self->scaler.done};
  const VkSemaphore signals[] = {self->chain.drawn[index], self->drawings};
  const uint64_t wait_values[] = {0, image ? image->copied_value : 0, self->scaler.value}, signal_values[] = {0, self->drawn_value + 1};
  const uint32_t wait_count = self->scaler.is_used ? 3 : 2;
  const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                .waitSemaphoreValueCount = wait_count,
                                                .pWaitSemaphoreValues = wait_values,
                                                .signalSemaphoreValueCount = 2,
                                                .pSignalSemaphoreValues = signal_values};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &values,
                             .waitSemaphoreCount = wait_count,
                             .pWaitSemaphores = waits,
                             .pWaitDstStageMask = stages,
                             .commandBufferCount = 1,
                             .pCommandBuffers = &self->commands,
                             .signalSemaphoreCount = 2,
                             .pSignalSemaphores = signals};
  VkResult result = vkQueueSubmit(self->device.graphics, 1, &info, VK_NULL_HANDLE);
  if (result != VK_SUCCESS)
    return result;
  self->drawn_value++;
  if (image)
    image->drawn_value = self->drawn_value;
  return VK_SUCCESS;
}

static VkResult draw(struct presenter_vulkan *self, uint32_t index) {
  const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                          .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  struct overlay_item items[OVERLAY_ITEMS_MAX];
  struct vulkan_painting painting = {.framebuffer = self->chain.framebuffers[index],
                                     .width = self->chain.extent.width,
                                     .height = self->chain.extent.height,
                                     .pass = self->painter.window_pass,
                                     .items = items};
  if (!overlay_hides_picture(self->overlay) && layout(&self->base, &painting.layout))
    add_picture(self, &painting, true);
  painting.item_count = overlay_layout(self->overlay, painting.width, painting.height, items);
  load_cursor(self);
  vulkan_painter_load_texts(&self->painter, self->overlay);
  VkResult result = vulkan_scaler_apply(&self->scaler, &painting);
  if (result == VK_SUCCESS)
    result = vulkan_painter_prepare(&self->painter, &painting);
  if (result == VK_SUCCESS)
    result = vkBeginCommandBuffer(self->commands, &begin);
  if (result != VK_SUCCESS)
    return result;
  vulkan_painter_record(&self->painter, self->commands, &painting);
  result = vkEndCommandBuffer(self->commands);
  return result == VK_SUCCESS ? submit(self, index, painting.image ? shown_of(self) : NULL) : result;
}

static VkResult renew_chain(struct presenter_vulkan *self) {
  uint32_t modes = vulkan_swapchain_modes(&self->device);
  enum present_mode mode = present_policy_choose(modes, self->options.common.tearing, self->fullscreen), before = self->chain.mode;
  bool first = !self->chain.handle;
  VkResult result = vulkan_swapchain_renew(&self->chain, self->window_width, self->window_height, mode);
  if (result == VK_SUCCESS && self->chain.handle && (first || mode != before))
    log_info("presenting in mode %s, %u images", present_mode_names[mode], self->chain.count);
  return result;
}

/* One try. VK_TIMEOUT: later. An image that we have is drawn before the swapchain may be renewed. A window without a pixel has none. */
static VkResult try_acquire(struct presenter_vulkan *self) {
  if (!self->instance.surface.handle || self->has_place)
    return VK_SUCCESS;
  VkResult result = vulkan_timeline_wait(&self->device, self->drawings, self->drawn_value, GLANCE_NS);
  if (result == VK_SUCCESS && self->chain.is_old)
    result = renew_chain(self);
  if (result != VK_SUCCESS || !self->chain.handle)
    return result;
  result = vulkan_swapchain_acquire(&self->chain, GLANCE_NS, &self->place);
  self->has_place = result == VK_SUCCESS;
  return result;
}

static VkResult try_present(struct presenter_vulkan *self) {
  VkResult result = try_acquire(self);
  if (result != VK_SUCCESS || !self->has_place)
    return result;
  self->has_place = false;
  result = draw(self, self->place);
  return result == VK_SUCCESS ? vulkan_swapchain_present(&self->chain, self->place) : result;
}

static enum presenter_result later_or(struct presenter_vulkan *self, VkResult result) {
  return answer(self, result == VK_ERROR_OUT_OF_DATE_KHR ? VK_TIMEOUT : result);
}

static enum presenter_result acquire(struct presenter *presenter) {
  struct presenter_vulkan *self = self_of(presenter);
  return later_or(self, try_acquire(self));
}

static enum presenter_result present(struct presenter *presenter) {
  struct presenter_vulkan *self = self_of(presenter);
  return later_or(self, try_present(self));
}

static uint32_t pictures(const struct presenter *presenter) { return ((const struct presenter_vulkan *)presenter)->chain.presented; }

static int read_back(struct presenter *presenter, bool with_cursor, struct presenter_image *image) {
  struct presenter_vulkan *self = self_of(presenter);
  const struct presenter_picture *picture = &shown_of(self)->picture;
  struct vulkan_painting painting = {0};
  if (!self->has_shown || !self->device.handle)
    return -ENODATA;
  bool turned = picture->rotation & 1;
  painting.layout = picture_layout_fit(turned ? picture->height : picture->width, turned ? picture->width : picture->height, picture->width,
                                       picture->height, picture->rotation);
  painting.width = painting.layout.picture_width;
  painting.height = painting.layout.picture_height;
  add_picture(self, &painting, with_cursor);
  uint8_t *pixels = malloc((size_t)painting.layout.picture_width * painting.layout.picture_height * 4);
  if (!pixels)
    return -ENOMEM;
  VkResult result = vulkan_timeline_wait(&self->device, self->drawings, self->drawn_value, WAIT_NS);
  if (result == VK_SUCCESS) {
    load_cursor(self);
    result = vulkan_scaler_apply(&self->scaler, &painting);
  }
  if (result == VK_SUCCESS && painting.is_scaled)
    result = vulkan_timeline_wait(&self->device, self->scaler.done, self->scaler.value, WAIT_NS);
  if (result == VK_SUCCESS)
    result = vulkan_painter_prepare(&self->painter, &painting);
  if (result == VK_SUCCESS) {
    result = vulkan_read_back(&self->painter, self->chain.format, self->commands, &painting, pixels);
  }
  if (result == VK_SUCCESS) {
    *image = (struct presenter_image){painting.layout.picture_width, painting.layout.picture_height, pixels};
    return 0;
  }
  free(pixels);
  return -EIO;
}

static void destroy(struct presenter *presenter) {
  struct presenter_vulkan *self = self_of(presenter);
  tear_down(self);
  vulkan_instance_finish(&self->instance);
  overlay_destroy(self->overlay);
  pixel_convert_destroy(self->convert);
  free(self);
}

static const struct presenter_impl impl = {
    .name = "vulkan",
    .thread = PRESENTER_ANY_THREAD,
    .follows_bands = true,
    .rung = rung,
    .scaler = scaler,
    .region = region,
    .begin_frame = begin_frame,
    .level = level,
    .upload = upload,
    .finish_upload = finish_upload,
    .commit = commit,
    .copy_time = copy_time,
    .cursor_shape = cursor_shape,
    .cursor_move = cursor_move,
    .status = status,
    .hint = hint,
    .hud = hud,
    .graph = graph,
    .resize = resize,
    .acquire = acquire,
    .present = present,
    .pictures = pictures,
    .layout = layout,
    .read_back = read_back,
    .destroy = destroy,
};

void presenter_vulkan_load_drivers(void) { vulkan_instance_load_drivers(); }

struct presenter *presenter_vulkan_create(void *window, const struct presenter_vulkan_options *options, char *error, size_t capacity) {
  struct presenter_vulkan *self = calloc(1, sizeof *self);
  if (!self) {
    snprintf(error, capacity, "cannot create the Vulkan presenter: out of memory");
    return NULL;
  }
  self->base.impl = &impl;
  self->options = *options;
  self->overlay = overlay_create();
  self->convert = pixel_convert_create();
  snprintf(error, capacity, "cannot create the Vulkan presenter: %s",
           present_fault(PRESENT_FAULT_VULKAN) ? "refused by TRANSOM_PRESENT_FAULT" : "out of memory");
  if (self->overlay && self->convert && !present_fault(PRESENT_FAULT_VULKAN) &&
      vulkan_instance_init(&self->instance, window, error, capacity) && set_up(self, options->route_best, error, capacity))
    return &self->base;
  destroy(&self->base);
  return NULL;
}
