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

/* How a picture is fitted into a window of another size. */
enum picture_scaling {
  PICTURE_SCALING_FIT,     /* as large as it can be, all of it, aspect kept */
  PICTURE_SCALING_ONE,     /* a pixel is a pixel; centred, what does not fit is cut */
  PICTURE_SCALING_INTEGER, /* by the largest whole factor that fits; smaller than 1:1 as FIT */
  PICTURE_SCALING_FILL,    /* no border, aspect kept, what does not fit is cut */
  PICTURE_SCALING_STRETCH, /* the window's own aspect */
};

/* "fit", "1:1" ...: in the order of the enum, ending with NULL. */
extern const char *const picture_scaling_names[];

struct picture_layout picture_layout_place(enum picture_scaling scaling, uint32_t window_width, uint32_t window_height,
                                           uint32_t picture_width, uint32_t picture_height, uint32_t rotation);

/* PICTURE_SCALING_FIT: the largest rectangle with the picture's aspect, centred. `rotation` counts clockwise quarter turns. Sizes are at
 * least 1. */
struct picture_layout picture_layout_fit(uint32_t window_width, uint32_t window_height, uint32_t picture_width, uint32_t picture_height,
                                         uint32_t rotation);

/* The picture in its own size, turned upright. */
struct picture_layout picture_layout_upright(uint32_t picture_width, uint32_t picture_height, uint32_t rotation);

/* The window's pixel (x, y) on an absolute pointer's scale 0 .. maximum: the middle of the picture's pixel, so that rounding in the guest
 * cannot miss it. Points outside the picture go to its edge. */
void picture_layout_pointer(const struct picture_layout *layout, int32_t x, int32_t y, int32_t maximum, int32_t *out_x, int32_t *out_y);

#endif
