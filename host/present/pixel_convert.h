/* Rows of guest pixels to BGRA8 for devices that take nothing else. HDR is clipped to what an SDR screen shows: sRGB, white at 203 nits.
 * The tables are built by pixel_convert_create() (control plane); pixel_convert_row() is data plane, any thread. */
#ifndef TRANSOM_HOST_PRESENT_PIXEL_CONVERT_H
#define TRANSOM_HOST_PRESENT_PIXEL_CONVERT_H

#include "protocol/layout.h"

#include <stdbool.h>

#define PIXEL_CONVERT_ROOTS 4096u /* steps of the square root of linear light: fine where the eye is */

/* The tables; a GPU uses the same, by these offsets (host/present/vulkan/shaders/picture.frag). */
struct pixel_convert {
  uint8_t half_to_srgb[65536]; /* every half-float there is */
  uint8_t root_to_srgb[PIXEL_CONVERT_ROOTS + 1];
  float pq_to_linear[1024]; /* 1.0 = SDR white */
};

struct pixel_convert *pixel_convert_create(void); /* NULL: out of memory */
void pixel_convert_destroy(struct pixel_convert *convert);

/* `to` gets width * 4 bytes: B, G, R, 255. `pq` matters to RGB10A2 only. */
void pixel_convert_row(const struct pixel_convert *convert, enum transom_format format, bool pq, const volatile uint8_t *from, uint8_t *to,
                       uint32_t width);

#endif
