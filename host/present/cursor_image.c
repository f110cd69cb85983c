#include "host/present/cursor_image.h"

#include <assert.h>
#include <string.h>

#define OPAQUE 0xff000000u

static void load_colour(struct cursor_image *image, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  for (uint32_t y = 0; y < image->height; y++)
    memcpy(image->blend + y * image->width, pixels + (size_t)y * shape->pitch_bytes, image->width * 4u);
}

static void load_masked(struct cursor_image *image, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  load_colour(image, shape, pixels);
  for (uint32_t i = 0; i < image->width * image->height; i++) {
    uint32_t colour = image->blend[i] & 0xffffff;
    bool inverts = image->blend[i] >> 24 != 0;
    image->blend[i] = inverts ? 0 : OPAQUE | colour;
    image->invert[i] = inverts ? colour : 0;
  }
}

static bool plane_bit(const uint8_t *row, uint32_t x) { return row[x / 8] >> (7 - x % 8) & 1; }

/* AND 0: XOR says black or white. AND 1: XOR says keep or invert. */
static void load_monochrome(struct cursor_image *image, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  const uint8_t *xor_plane = pixels + (size_t)shape->pitch_bytes * shape->height;
  for (uint32_t y = 0; y < image->height; y++) {
    for (uint32_t x = 0; x < image->width; x++) {
      size_t row = (size_t)y * shape->pitch_bytes, at = (size_t)y * image->width + x;
      uint32_t light = plane_bit(xor_plane + row, x) ? 0xffffff : 0;
      bool keeps = plane_bit(pixels + row, x);
      image->blend[at] = keeps ? 0 : OPAQUE | light;
      image->invert[at] = keeps ? light : 0;
    }
  }
}

void cursor_image_load(struct cursor_image *image, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  assert(shape->width <= TRANSOM_CURSOR_EDGE_MAX && shape->height <= TRANSOM_CURSOR_EDGE_MAX);
  image->width = shape->width;
  image->height = shape->height;
  image->hot_x = shape->hot_x;
  image->hot_y = shape->hot_y;
  memset(image->invert, 0, sizeof image->invert);
  if (shape->type == TRANSOM_CURSOR_MONOCHROME)
    load_monochrome(image, shape, pixels);
  else if (shape->type == TRANSOM_CURSOR_MASKED)
    load_masked(image, shape, pixels);
  else
    load_colour(image, shape, pixels);
}

void cursor_image_flatten(const struct cursor_image *image, uint32_t *blended) {
  for (uint32_t i = 0; i < image->width * image->height; i++) {
    uint32_t chequer = (i % image->width + i / image->width) & 1 ? OPAQUE | 0xffffff : OPAQUE;
    blended[i] = image->invert[i] ? chequer : image->blend[i];
  }
}

static uint32_t blend_channel(uint32_t under, uint32_t over, uint32_t alpha) { return (over * alpha + under * (255 - alpha) + 127) / 255; }

static uint32_t compose_pixel(uint32_t under, uint32_t over, uint32_t invert) {
  uint32_t alpha = over >> 24, result = OPAQUE;
  for (uint32_t shift = 0; shift < 24; shift += 8)
    result |= blend_channel(under >> shift & 255, over >> shift & 255, alpha) << shift;
  return result ^ invert;
}

void cursor_image_compose(const struct cursor_image *image, int32_t x, int32_t y, uint8_t *picture, uint32_t width, uint32_t height) {
  int64_t left = (int64_t)x - image->hot_x, top = (int64_t)y - image->hot_y;
  for (uint32_t row = 0; row < image->height; row++) {
    for (uint32_t column = 0; column < image->width; column++) {
      int64_t to_x = left + column, to_y = top + row;
      if (to_x < 0 || to_y < 0 || to_x >= width || to_y >= height)
        continue;
      uint32_t under, at = row * image->width + column;
      uint8_t *pixel = picture + ((size_t)to_y * width + (size_t)to_x) * 4;
      memcpy(&under, pixel, 4);
      uint32_t result = compose_pixel(under, image->blend[at], image->invert[at]);
      memcpy(pixel, &result, 4);
    }
  }
}
