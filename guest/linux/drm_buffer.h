/* Framebuffers of others, mapped for reading. Keeps the last few mappings: compositors flip between two or three buffers. */
#ifndef TRANSOM_GUEST_LINUX_DRM_BUFFER_H
#define TRANSOM_GUEST_LINUX_DRM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRM_BUFFERS_KEPT 4

struct drm_buffer {
  uint64_t key; /* 0 = empty place. Names the memory, not the framebuffer id: ids are used again */
  void *map;
  size_t bytes;
  int dma_buf;   /* -1 = mapped through the device */
  uint64_t used; /* larger = later */
};

struct drm_buffers {
  struct drm_buffer list[DRM_BUFFERS_KEPT];
  uint64_t uses;
};

/* A framebuffer as it is now. */
struct drm_picture {
  uint32_t width, height, pitch_bytes, fourcc;
  const uint8_t *pixels;
  int dma_buf; /* to be synchronised around reads; -1 = none */
};

void drm_buffers_init(struct drm_buffers *buffers);
void drm_buffers_finish(struct drm_buffers *buffers); /* unmaps all; it may be used again */

/* 0; -ENOTSUP tiled, or not to be mapped: `text` says why; -EACCES no right to the handle; -ENOENT the framebuffer is gone; -ENODEV so is
 * the device. The picture is valid until the buffer falls out of the list, not before the next but three calls. */
int drm_buffers_get(struct drm_buffers *buffers, int fd, uint32_t framebuffer_id, struct drm_picture *picture, char *text, size_t capacity);

/* Around reading. */
void drm_picture_begin(const struct drm_picture *picture);
void drm_picture_end(const struct drm_picture *picture);

#endif
