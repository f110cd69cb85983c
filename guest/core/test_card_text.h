/* Letters for the test card: five by seven pixels, capitals, digits and a few signs. */
#ifndef TRANSOM_GUEST_CORE_TEST_CARD_TEXT_H
#define TRANSOM_GUEST_CORE_TEST_CARD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#define TEST_CARD_GLYPH_WIDTH 6u /* with the gap */
#define TEST_CARD_GLYPH_HEIGHT 8u

/* Is the pixel set? Unknown characters are blank. */
bool test_card_glyph_pixel(char character, uint32_t x, uint32_t y);

#endif
