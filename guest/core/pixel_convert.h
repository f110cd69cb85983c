/* Pixel formats that the wire does not have, made into ones that it has. Data plane. */
#ifndef TRANSOM_GUEST_CORE_PIXEL_CONVERT_H
#define TRANSOM_GUEST_CORE_PIXEL_CONVERT_H

#include <stddef.h>
#include <stdint.h>

/* One row of `width` pixels; both little-endian. */
typedef void (*pixel_convert_row)(void *to, const void *from, uint32_t width);

void pixel_convert_rgb565_to_bgra8(void *to, const void *from, uint32_t width);
void pixel_convert_bgr888_to_bgra8(void *to, const void *from, uint32_t width);        /* three bytes: blue, green, red */
void pixel_convert_xrgb2101010_to_rgb10a2(void *to, const void *from, uint32_t width); /* blue in the low bits */

/* Premultiplied alpha to straight alpha, both BGRA8. */
void pixel_convert_straighten(uint32_t *pixels, size_t count);

#endif
