/* The cursor plane of a CRTC: where it is, its picture, its hot spot where the driver tells it. Part of capture_drm. */
#ifndef TRANSOM_GUEST_LINUX_CAPTURE_DRM_CURSOR_H
#define TRANSOM_GUEST_LINUX_CAPTURE_DRM_CURSOR_H

#include "guest/core/screen_capture.h"
#include "guest/linux/drm_buffer.h"

struct drm_cursor {
  uint32_t plane_id; /* 0 = this CRTC has none */
  uint32_t x_property, y_property, hot_x_property, hot_y_property;
  struct drm_buffers buffers;
  uint64_t serial;
  struct transom_cursor_shape shape;
  uint32_t raw[TRANSOM_CURSOR_EDGE_MAX * TRANSOM_CURSOR_EDGE_MAX];    /* as read: tells whether the shape changed */
  uint32_t pixels[TRANSOM_CURSOR_EDGE_MAX * TRANSOM_CURSOR_EDGE_MAX]; /* with straight alpha, as published */
};

void drm_cursor_init(struct drm_cursor *cursor);
void drm_cursor_finish(struct drm_cursor *cursor);

/* Finds the cursor plane of the CRTC with this id and place in the card's list. */
void drm_cursor_find(struct drm_cursor *cursor, int fd, uint32_t crtc_id, uint32_t crtc_index);

/* False: there is no cursor plane, or its picture cannot be read. */
bool drm_cursor_read(struct drm_cursor *cursor, int fd, struct screen_cursor *out);

#endif
