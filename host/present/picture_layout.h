/* Where a picture of one size lies in a window of another, and back: pure arithmetic. */
#ifndef TRANSOM_HOST_PRESENT_PICTURE_LAYOUT_H
#define TRANSOM_HOST_PRESENT_PICTURE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

struct picture_layout {
  int32_t x, y; /* of the picture in the window, physical pixels */
  uint32_t width, height;
  uint32_t picture_width, picture_height; /* upright */
  bool nearest;                           /* 1:1 or an integer scale: pixels stay sharp; else linear */
};

/* The largest rectangle with the picture's aspect, centred. `rotation` counts clockwise quarter turns. Sizes are at least 1. */
struct picture_layout picture_layout_fit(uint32_t window_width, uint32_t window_height, uint32_t picture_width, uint32_t picture_height,
                                         uint32_t rotation);

/* The window's pixel (x, y) on an absolute pointer's scale 0 .. maximum: the middle of the picture's pixel, so that rounding in the guest
 * cannot miss it. Points outside the picture go to its edge. */
void picture_layout_pointer(const struct picture_layout *layout, int32_t x, int32_t y, int32_t maximum, int32_t *out_x, int32_t *out_y);

#endif
