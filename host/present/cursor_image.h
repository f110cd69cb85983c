/* The guest's cursor shapes (colour, masked, monochrome) as one kind of picture: straight-alpha BGRA, and what to XOR the screen with. */
#ifndef TRANSOM_HOST_PRESENT_CURSOR_IMAGE_H
#define TRANSOM_HOST_PRESENT_CURSOR_IMAGE_H

#include "protocol/layout.h"

#include <stdbool.h>

#define CURSOR_IMAGE_PIXELS (TRANSOM_CURSOR_EDGE_MAX * TRANSOM_CURSOR_EDGE_MAX)

struct cursor_image {
  uint32_t width, height, hot_x, hot_y;
  uint32_t blend[CURSOR_IMAGE_PIXELS];  /* 0xAARRGGBB, straight alpha; rows without gaps */
  uint32_t invert[CURSOR_IMAGE_PIXELS]; /* 0x00RRGGBB to XOR the screen with, where `blend` has alpha 0 */
};

/* `shape` is validated, `pixels` hold its data. */
void cursor_image_load(struct cursor_image *image, const struct transom_cursor_shape *shape, const uint8_t *pixels);

/* For devices that can only blend: no blend mode inverts the screen portably, so inverted pixels become an opaque chequer of black and
 * white, which is seen on any ground. */
void cursor_image_flatten(const struct cursor_image *image, uint32_t *blended);

/* Composes exactly, inversion included, onto a BGRA8 picture; x, y = where the hot spot lies. Clipped. */
void cursor_image_compose(const struct cursor_image *image, int32_t x, int32_t y, uint8_t *picture, uint32_t width, uint32_t height);

#endif
