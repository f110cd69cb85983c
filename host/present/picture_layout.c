#include "host/present/picture_layout.h"

#include <assert.h>

struct picture_layout picture_layout_fit(uint32_t window_width, uint32_t window_height, uint32_t picture_width, uint32_t picture_height,
                                         uint32_t rotation) {
  assert(window_width && window_height && picture_width && picture_height && rotation < 4);
  struct picture_layout layout = {.picture_width = rotation & 1 ? picture_height : picture_width,
                                  .picture_height = rotation & 1 ? picture_width : picture_height};
  uint64_t width = layout.picture_width, height = layout.picture_height;
  if ((uint64_t)window_width * height <= (uint64_t)window_height * width) {
    layout.width = window_width;
    layout.height = (uint32_t)((window_width * height + width / 2) / width);
  } else {
    layout.height = window_height;
    layout.width = (uint32_t)((window_height * width + height / 2) / height);
  }
  layout.width = layout.width ? layout.width : 1;
  layout.height = layout.height ? layout.height : 1;
  layout.x = (int32_t)(window_width - layout.width) / 2;
  layout.y = (int32_t)(window_height - layout.height) / 2;
  layout.nearest = layout.width % width == 0 && layout.height % height == 0 && layout.width / width == layout.height / height;
  return layout;
}

/* Middle of pixel `at` of `extent`, on 0 .. maximum where maximum + 1 steps make the whole extent. */
static int32_t pointer_axis(int64_t at, int64_t extent, int32_t maximum) {
  at = at < 0 ? 0 : at >= extent ? extent - 1 : at;
  return (int32_t)((2 * at + 1) * ((int64_t)maximum + 1) / (2 * extent));
}

void picture_layout_pointer(const struct picture_layout *layout, int32_t x, int32_t y, int32_t maximum, int32_t *out_x, int32_t *out_y) {
  *out_x = pointer_axis((int64_t)x - layout->x, layout->width, maximum);
  *out_y = pointer_axis((int64_t)y - layout->y, layout->height, maximum);
}
