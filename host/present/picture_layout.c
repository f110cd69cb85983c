#include "host/present/picture_layout.h"

#include <assert.h>
#include <stddef.h>

const char *const picture_scaling_names[] = {"fit", "1:1", "integer", "fill", "stretch", NULL};

static uint64_t scaled(uint64_t extent, uint64_t numerator, uint64_t denominator) {
  uint64_t result = (extent * numerator + denominator / 2) / denominator;
  return result ? result : 1;
}

/* The picture's aspect, inside the window, or around it. */
static void keep_aspect(struct picture_layout *layout, uint64_t window_width, uint64_t window_height, bool around) {
  uint64_t width = layout->picture_width, height = layout->picture_height;
  bool by_width = (window_width * height <= window_height * width) != around;
  layout->width = (uint32_t)(by_width ? window_width : scaled(width, window_height, height));
  layout->height = (uint32_t)(by_width ? scaled(height, window_width, width) : window_height);
}

static void by_whole_factor(struct picture_layout *layout, uint32_t window_width, uint32_t window_height) {
  uint32_t across = window_width / layout->picture_width, down = window_height / layout->picture_height;
  uint32_t factor = across < down ? across : down;
  if (factor == 0) {
    keep_aspect(layout, window_width, window_height, false);
    return;
  }
  layout->width = layout->picture_width * factor;
  layout->height = layout->picture_height * factor;
}

/* A window of odd size around a guest's mode, which is even: a border of a pixel is better than a picture scaled by a thousandth. */
static bool is_all_but_full(const struct picture_layout *layout, uint32_t window_width, uint32_t window_height) {
  return window_width - layout->picture_width <= 1 && window_height - layout->picture_height <= 1; /* smaller: wraps to a lot */
}

struct picture_layout picture_layout_place(enum picture_scaling scaling, uint32_t window_width, uint32_t window_height,
                                           uint32_t picture_width, uint32_t picture_height, uint32_t rotation) {
  assert(window_width && window_height && picture_width && picture_height && rotation < 4);
  struct picture_layout layout = {.picture_width = rotation & 1 ? picture_height : picture_width,
                                  .picture_height = rotation & 1 ? picture_width : picture_height};
  if (scaling == PICTURE_SCALING_FIT && is_all_but_full(&layout, window_width, window_height))
    scaling = PICTURE_SCALING_ONE;
  switch (scaling) {
  case PICTURE_SCALING_ONE:
    layout.width = layout.picture_width;
    layout.height = layout.picture_height;
    break;
  case PICTURE_SCALING_INTEGER:
    by_whole_factor(&layout, window_width, window_height);
    break;
  case PICTURE_SCALING_STRETCH:
    layout.width = window_width;
    layout.height = window_height;
    break;
  case PICTURE_SCALING_FIT:
  case PICTURE_SCALING_FILL:
    keep_aspect(&layout, window_width, window_height, scaling == PICTURE_SCALING_FILL);
    break;
  }
  layout.x = ((int32_t)window_width - (int32_t)layout.width) / 2;
  layout.y = ((int32_t)window_height - (int32_t)layout.height) / 2;
  layout.nearest = layout.width % layout.picture_width == 0 && layout.height % layout.picture_height == 0 &&
                   layout.width / layout.picture_width == layout.height / layout.picture_height;
  return layout;
}

struct picture_layout picture_layout_fit(uint32_t window_width, uint32_t window_height, uint32_t picture_width, uint32_t picture_height,
                                         uint32_t rotation) {
  return picture_layout_place(PICTURE_SCALING_FIT, window_width, window_height, picture_width, picture_height, rotation);
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
