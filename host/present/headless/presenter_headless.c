#include "host/present/headless/presenter_headless.h"

#include "common/memory_copy.h"
#include "host/present/cursor_image.h"
#include "host/present/pixel_convert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One of the two images: B, G, R and a fourth byte that read_back() sets. */
struct image {
  struct presenter_picture picture;
  uint8_t *pixels;
};

struct presenter_headless {
  struct presenter base;
  struct pixel_convert *convert;
  struct image incoming, shown;
  struct cursor_image cursor;
  int32_t cursor_x, cursor_y;
  bool cursor_visible;
  struct presenter_status status;
  uint32_t window_width, window_height;
  uint64_t presents;
};

static struct presenter_headless *self_of(struct presenter *presenter) { return (struct presenter_headless *)presenter; }

static int begin_frame(struct presenter *presenter, const struct presenter_picture *picture) {
  struct image *image = &self_of(presenter)->incoming;
  if (image->pixels && presenter_picture_equal(picture, &image->picture))
    return 0;
  uint8_t *pixels = calloc((size_t)picture->width * picture->height, 4);
  if (!pixels)
    return -ENOMEM;
  free(image->pixels);
  *image = (struct image){*picture, pixels};
  return 0;
}

static void copy_row(const struct presenter_headless *self, const volatile uint8_t *from, uint8_t *to, uint32_t width) {
  const struct presenter_picture *picture = &self->incoming.picture;
  if (picture->format == TRANSOM_FORMAT_BGRA8)
    memory_copy_load(to, (const void *)(uintptr_t)from, (size_t)width * 4);
  else
    pixel_convert_row(self->convert, picture->format, picture->flags & TRANSOM_FRAME_PQ, from, to, width);
}

static enum presenter_result level(struct presenter *presenter, const struct transom_rect *rects, uint32_t count) {
  struct presenter_headless *self = self_of(presenter);
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t y = rects[i].y; y < (uint32_t)rects[i].y + rects[i].height; y++) {
      size_t at = ((size_t)y * self->incoming.picture.width + rects[i].x) * 4;
      memcpy(self->incoming.pixels + at, self->shown.pixels + at, (size_t)rects[i].width * 4);
    }
  }
  return PRESENTER_OK;
}

static enum presenter_result upload(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                    const struct transom_rect *rects, uint32_t count) {
  struct presenter_headless *self = self_of(presenter);
  size_t pixel_bytes = self->incoming.picture.format == TRANSOM_FORMAT_RGBA16F ? 8 : 4;
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t y = rects[i].y; y < (uint32_t)rects[i].y + rects[i].height; y++) {
      size_t to = ((size_t)y * self->incoming.picture.width + rects[i].x) * 4;
      copy_row(self, pixels + (size_t)y * pitch_bytes + rects[i].x * pixel_bytes, self->incoming.pixels + to, rects[i].width);
    }
  }
  return PRESENTER_OK;
}

static void commit(struct presenter *presenter) {
  struct presenter_headless *self = self_of(presenter);
  struct image before = self->shown;
  self->shown = self->incoming;
  self->incoming = before;
}

static void cursor_shape(struct presenter *presenter, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  cursor_image_load(&self_of(presenter)->cursor, shape, pixels);
}

static void cursor_move(struct presenter *presenter, int32_t x, int32_t y, bool visible) {
  struct presenter_headless *self = self_of(presenter);
  self->cursor_x = x;
  self->cursor_y = y;
  self->cursor_visible = visible;
}

static void status(struct presenter *presenter, const struct presenter_status *status) { self_of(presenter)->status = *status; }

static void hud(struct presenter *presenter, const char *text) {
  (void)presenter;
  (void)text;
}

static void resize(struct presenter *presenter, uint32_t width, uint32_t height, bool fullscreen) {
  (void)fullscreen;
  self_of(presenter)->window_width = width;
  self_of(presenter)->window_height = height;
}

static enum presenter_result present(struct presenter *presenter) {
  self_of(presenter)->presents++;
  return PRESENTER_OK;
}

static bool layout(const struct presenter *presenter, struct picture_layout *layout) {
  const struct presenter_headless *self = (const struct presenter_headless *)presenter;
  const struct presenter_picture *picture = &self->shown.picture;
  if (!self->shown.pixels)
    return false;
  bool turned = picture->rotation & 1;
  *layout = picture_layout_fit(self->window_width ? self->window_width
                               : turned           ? picture->height
                                                  : picture->width,
                               self->window_height ? self->window_height
                               : turned            ? picture->width
                                                   : picture->height,
                               picture->width, picture->height, picture->rotation);
  return true;
}

/* Where the pixel (x, y) of the upright picture lies in memory. */
static size_t source_of(const struct presenter_picture *picture, uint32_t x, uint32_t y) {
  uint32_t width = picture->width, height = picture->height;
  switch (picture->rotation) {
  case 1:
    return (size_t)(height - 1 - x) * width + y;
  case 2:
    return (size_t)(height - 1 - y) * width + (width - 1 - x);
  case 3:
    return (size_t)x * width + (width - 1 - y);
  default:
    return (size_t)y * width + x;
  }
}

static int read_back(struct presenter *presenter, bool with_cursor, struct presenter_image *image) {
  struct presenter_headless *self = self_of(presenter);
  struct picture_layout at;
  if (!layout(presenter, &at))
    return -ENODATA;
  uint8_t *pixels = malloc((size_t)at.picture_width * at.picture_height * 4);
  if (!pixels)
    return -ENOMEM;
  for (uint32_t y = 0; y < at.picture_height; y++) {
    for (uint32_t x = 0; x < at.picture_width; x++) {
      uint8_t *to = pixels + ((size_t)y * at.picture_width + x) * 4;
      memcpy(to, self->shown.pixels + source_of(&self->shown.picture, x, y) * 4, 3);
      to[3] = 255;
    }
  }
  if (with_cursor && self->cursor_visible)
    cursor_image_compose(&self->cursor, self->cursor_x, self->cursor_y, pixels, at.picture_width, at.picture_height);
  *image = (struct presenter_image){at.picture_width, at.picture_height, pixels};
  return 0;
}

static void destroy(struct presenter *presenter) {
  struct presenter_headless *self = self_of(presenter);
  free(self->incoming.pixels);
  free(self->shown.pixels);
  pixel_convert_destroy(self->convert);
  free(self);
}

static const struct presenter_impl impl = {
    .name = "headless",
    .thread = PRESENTER_ANY_THREAD,
    .begin_frame = begin_frame,
    .level = level,
    .upload = upload,
    .commit = commit,
    .cursor_shape = cursor_shape,
    .cursor_move = cursor_move,
    .status = status,
    .hud = hud,
    .resize = resize,
    .present = present,
    .layout = layout,
    .read_back = read_back,
    .destroy = destroy,
};

struct presenter *presenter_headless_create(void) {
  struct presenter_headless *self = calloc(1, sizeof *self);
  struct pixel_convert *convert = pixel_convert_create();
  if (!self || !convert) {
    free(self);
    pixel_convert_destroy(convert);
    return NULL;
  }
  self->base.impl = &impl;
  self->convert = convert;
  return &self->base;
}

const struct presenter_status *presenter_headless_status(const struct presenter *presenter) {
  return &((const struct presenter_headless *)presenter)->status;
}

uint64_t presenter_headless_presents(const struct presenter *presenter) { return ((const struct presenter_headless *)presenter)->presents; }
