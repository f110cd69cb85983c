#include "guest/linux/capture_drm_cursor.h"

#include "guest/core/pixel_convert.h"

#include <drm_fourcc.h>
#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

void drm_cursor_init(struct drm_cursor *cursor) {
  memset(cursor, 0, sizeof *cursor);
  drm_buffers_init(&cursor->buffers);
}

void drm_cursor_finish(struct drm_cursor *cursor) {
  drm_buffers_finish(&cursor->buffers);
  cursor->plane_id = 0;
}

/* ---- properties ---- */

/* Value of the property `name`, its id besides. False: the plane has none such. */
static bool find_property(int fd, const drmModeObjectProperties *properties, const char *name, uint32_t *id, uint64_t *value) {
  for (uint32_t i = 0; i < properties->count_props; i++) {
    drmModePropertyRes *property = drmModeGetProperty(fd, properties->props[i]);
    const bool found = property && strcmp(property->name, name) == 0;
    drmModeFreeProperty(property);
    if (!found)
      continue;
    *id = properties->props[i];
    *value = properties->prop_values[i];
    return true;
  }
  return false;
}

static int32_t value_of(const drmModeObjectProperties *properties, uint32_t id) {
  for (uint32_t i = 0; id && i < properties->count_props; i++) {
    if (properties->props[i] == id)
      return (int32_t)(int64_t)properties->prop_values[i];
  }
  return 0;
}

/* ---- the plane ---- */

static bool is_cursor_plane(struct drm_cursor *cursor, int fd, uint32_t plane_id) {
  uint32_t id;
  uint64_t type, value;
  drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, plane_id, DRM_MODE_OBJECT_PLANE);
  if (!properties)
    return false;
  const bool found = find_property(fd, properties, "type", &id, &type) && type == DRM_PLANE_TYPE_CURSOR &&
                     find_property(fd, properties, "CRTC_X", &cursor->x_property, &value) &&
                     find_property(fd, properties, "CRTC_Y", &cursor->y_property, &value);
  if (found) {
    cursor->hot_x_property = cursor->hot_y_property = 0;
    find_property(fd, properties, "HOTSPOT_X", &cursor->hot_x_property, &value);
    find_property(fd, properties, "HOTSPOT_Y", &cursor->hot_y_property, &value);
  }
  drmModeFreeObjectProperties(properties);
  return found;
}

static bool may_serve(int fd, uint32_t plane_id, uint32_t crtc_id, uint32_t crtc_index) {
  drmModePlane *plane = drmModeGetPlane(fd, plane_id);
  const bool may = plane && plane->possible_crtcs >> crtc_index & 1 && (plane->crtc_id == 0 || plane->crtc_id == crtc_id);
  drmModeFreePlane(plane);
  return may;
}

void drm_cursor_find(struct drm_cursor *cursor, int fd, uint32_t crtc_id, uint32_t crtc_index) {
  cursor->plane_id = 0;
  drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
  if (!planes)
    return;
  for (uint32_t i = 0; i < planes->count_planes && !cursor->plane_id; i++) {
    if (may_serve(fd, planes->planes[i], crtc_id, crtc_index) && is_cursor_plane(cursor, fd, planes->planes[i]))
      cursor->plane_id = planes->planes[i];
  }
  drmModeFreePlaneResources(planes);
}

/* ---- its picture ---- */

/* Copies the picture into `raw`, rows close together. True when it is another one than before. */
static bool take_picture(struct drm_cursor *cursor, const struct drm_picture *picture) {
  bool changed = cursor->shape.width != picture->width || cursor->shape.height != picture->height;
  drm_picture_begin(picture);
  for (uint32_t y = 0; y < picture->height; y++) {
    uint32_t *row = cursor->raw + (size_t)y * picture->width;
    const uint8_t *from = picture->pixels + (size_t)y * picture->pitch_bytes;
    if (!changed && memcmp(row, from, (size_t)picture->width * 4) == 0)
      continue;
    memcpy(row, from, (size_t)picture->width * 4);
    changed = true;
  }
  drm_picture_end(picture);
  return changed;
}

static bool read_picture(struct drm_cursor *cursor, int fd, uint32_t framebuffer_id, uint32_t hot_x, uint32_t hot_y) {
  struct drm_picture picture;
  char text[8];
  if (drm_buffers_get(&cursor->buffers, fd, framebuffer_id, &picture, text, sizeof text) != 0)
    return false;
  if (picture.fourcc != DRM_FORMAT_ARGB8888 || picture.width > TRANSOM_CURSOR_EDGE_MAX || picture.height > TRANSOM_CURSOR_EDGE_MAX)
    return false;
  const bool moved = cursor->shape.hot_x != hot_x || cursor->shape.hot_y != hot_y;
  if (!take_picture(cursor, &picture) && !moved && cursor->serial)
    return true;
  const size_t count = (size_t)picture.width * picture.height;
  memcpy(cursor->pixels, cursor->raw, count * 4);
  pixel_convert_straighten(cursor->pixels, count);
  cursor->shape = (struct transom_cursor_shape){.type = TRANSOM_CURSOR_COLOUR,
                                                .width = picture.width,
                                                .height = picture.height,
                                                .pitch_bytes = picture.width * 4,
                                                .hot_x = hot_x,
                                                .hot_y = hot_y,
                                                .data_bytes = (uint32_t)(count * 4)};
  cursor->serial++;
  return true;
}

/* A hot spot outside of the picture is none. */
static uint32_t hot_spot(int32_t value) { return value >= 0 && value < (int32_t)TRANSOM_CURSOR_EDGE_MAX ? (uint32_t)value : 0; }

bool drm_cursor_read(struct drm_cursor *cursor, int fd, struct screen_cursor *out) {
  if (!cursor->plane_id)
    return false;
  drmModePlane *plane = drmModeGetPlane(fd, cursor->plane_id);
  const uint32_t framebuffer_id = plane ? plane->fb_id : 0;
  drmModeFreePlane(plane);
  if (!framebuffer_id)
    return false;
  drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, cursor->plane_id, DRM_MODE_OBJECT_PLANE);
  if (!properties)
    return false;
  const uint32_t hot_x = hot_spot(value_of(properties, cursor->hot_x_property));
  const uint32_t hot_y = hot_spot(value_of(properties, cursor->hot_y_property));
  const int32_t x = value_of(properties, cursor->x_property), y = value_of(properties, cursor->y_property);
  drmModeFreeObjectProperties(properties);
  if (!read_picture(cursor, fd, framebuffer_id, hot_x, hot_y))
    return false;
  *out = (struct screen_cursor){.x = x + (int32_t)hot_x,
                                .y = y + (int32_t)hot_y,
                                .visible = true,
                                .shape_serial = cursor->serial,
                                .shape = cursor->shape,
                                .pixels = (const uint8_t *)cursor->pixels};
  return true;
}
