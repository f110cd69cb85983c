/* scRGB made into the wire's ten bits: what Windows composes a desktop of high dynamic range or wide gamut in, as the processor converts it
 * where the GPU does not.
 *
 * A pixel of scRGB is four halves (red, green, blue, alpha), linear, with BT.709's primaries; negative values lie outside that gamut.
 * - PQ: 1.0 is 80 nits, as Windows has it. BT.2020 primaries (ITU-R BT.2087), SMPTE ST 2084 of up to 10,000 nits: TRANSOM_FRAME_PQ.
 * - Otherwise 1.0 is the display's white: the sRGB curve (IEC 61966-2-1).
 * What is outside a code's range is clipped, NaN is black, alpha is full. The code is the nearest to the curve of the value in single
 * precision: without matrix (sRGB) exact, with it within one code of the exact sum. */
#ifndef TRANSOM_GUEST_CORE_SCRGB_CONVERT_H
#define TRANSOM_GUEST_CORE_SCRGB_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scrgb_convert;

/* Control plane: computes tables of about 300 KiB. NULL: out of memory. */
struct scrgb_convert *scrgb_convert_create(bool pq);
void scrgb_convert_destroy(struct scrgb_convert *convert);

/* `count` pixels of 8 bytes into RGB10A2. Data plane, any thread. */
void scrgb_convert_row(const struct scrgb_convert *convert, uint32_t *to, const void *from, size_t count);

#endif
