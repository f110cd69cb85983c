/* Pictures whose every pixel is known from sequence and place, in each of the four formats. */
#ifndef TRANSOM_TESTS_SUPPORT_TEST_PICTURE_H
#define TRANSOM_TESTS_SUPPORT_TEST_PICTURE_H

#include "protocol/layout.h"

/* Red, green and blue of the pixel that frame `sequence` has at (x, y), as 0x00RRGGBB. */
uint32_t test_picture_colour(uint64_t sequence, uint32_t x, uint32_t y);

/* Draws frame `sequence` inside `rect`. Alpha is garbage on purpose. */
void test_picture_draw(volatile uint8_t *pixels, uint32_t pitch_bytes, enum transom_format format, uint64_t sequence,
                       struct transom_rect rect);

#endif
