/* A picture in the display's own memory, for the small programs that run in the guest. */
#ifndef TRANSOM_TESTS_GUEST_DUMB_IMAGE_H
#define TRANSOM_TESTS_GUEST_DUMB_IMAGE_H

#include <stdint.h>

struct dumb_image {
  uint32_t handle, width, height, pitch;
};

/* 32 bits a pixel, filled by `draw` with one call a pixel. 0; else errno says why. */
int dumb_image_create(struct dumb_image *image, int fd, uint32_t width, uint32_t height, uint32_t (*draw)(uint32_t x, uint32_t y));

#endif
