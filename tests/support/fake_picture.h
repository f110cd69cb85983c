/* Pictures that prove themselves: from its number alone every word of a picture is known, so one word of another frame is found.
 *
 * Row 0 carries the number and changes with every picture. The other rows form FAKE_PICTURE_BANDS bands; picture n repaints band n % BANDS
 * alone, so that small damage, stale slots and damage history are put to the test as well: band b of picture n is as picture
 * n - (n - b) % BANDS left it. Numbers start at FAKE_PICTURE_FIRST; width is a multiple of 2 and at least 4, height more than BANDS. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_PICTURE_H
#define TRANSOM_TESTS_SUPPORT_FAKE_PICTURE_H

#include "protocol/damage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PICTURE_BANDS 8u
#define FAKE_PICTURE_FIRST 64u

/* Paints one row: `words` = width / 2. */
void fake_picture_row(uint64_t *row, size_t words, uint64_t number, uint32_t index, uint32_t height);

/* What picture `number` changed compared with its predecessor. */
void fake_picture_damage(struct transom_damage *damage, uint64_t number, uint32_t width, uint32_t height);

/* Is this one whole picture? `pixels` is 8-byte aligned, pitch a multiple of 8. *number is always written: what row 0 claims. */
bool fake_picture_check(const uint8_t *pixels, size_t pitch_bytes, uint32_t width, uint32_t height, uint64_t *number);

#endif
