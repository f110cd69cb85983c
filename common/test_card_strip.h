/* The frame-number strip of a test card: what a reader needs to tell which frame it has, and that none of its pixels is from another one.
 *
 * The strip fills the top rows of the picture. It is a field of square cells of TEST_CARD_CELL pixels, white = 1, black = 0, read from left
 * to right, then down; a row of cells has min(width / 4, 96) of them and what is right of the last cell is black. 96 bits, most
 * significant bit of each number first:
 *     16  magic 0x7a5c
 *     32  frame number, 1 for the first frame
 *     32  checksum of all pixels below the strip
 *     16  check: the sum of the four 16-bit halves of frame number and checksum, plus the magic, modulo 2^16
 * The strip is as high as its cells need: 4 pixels from a width of 384, 24 at the smallest width, 64.
 *
 * A card that reacts to input has a second field of the same geometry right below the strip, which says to what this frame reacts:
 *     16  magic 0x7a5e
 *     64  time of the event, on the clock of whoever drew the card, nanoseconds; 0 = none
 *     16  check: the sum of the four 16-bit quarters of that time, plus the magic, modulo 2^16
 *
 * Checksum: each row of pixels has a 64-bit hash (test_card_row_hash()); the checksum is the sum over all rows y below the strip of
 * hash * (2y + 1), modulo 2^64, its two halves XORed. Alpha does not count, nor does what lies between width and pitch.
 * Pure functions, any thread. */
#ifndef TRANSOM_COMMON_TEST_CARD_STRIP_H
#define TRANSOM_COMMON_TEST_CARD_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_CARD_CELL 4u
#define TEST_CARD_EDGE_MIN 64u /* of a card, both ways */

/* The numbers are those of the wire's formats. */
enum test_card_format { TEST_CARD_BGRA8 = 1, TEST_CARD_RGBA8 = 2, TEST_CARD_RGB10A2 = 3, TEST_CARD_RGBA16F = 4 };

struct test_card_picture {
  const void *pixels; /* a copy of one's own: it is read more than once */
  size_t pitch_bytes;
  uint32_t width, height;
  uint32_t format; /* enum test_card_format */
};

struct test_card_strip {
  uint32_t frame;
  uint32_t checksum;
};

enum test_card_verdict {
  TEST_CARD_INTACT,
  TEST_CARD_ABSENT, /* too small, an unknown format, or no magic: not a test card */
  TEST_CARD_SPOILT, /* magic, but the strip contradicts itself */
  TEST_CARD_TORN,   /* the strip is whole, the pixels below are not those of its frame */
};

/* Reads the strip alone; cheap. TEST_CARD_INTACT says nothing of the pixels below. `*strip` is written when INTACT or TORN. */
enum test_card_verdict test_card_read(const struct test_card_picture *picture, struct test_card_strip *strip);

/* Reads the strip and checks every pixel below it. */
enum test_card_verdict test_card_verify(const struct test_card_picture *picture, struct test_card_strip *strip);

/* Reads the second field. False: there is none, or it contradicts itself; `*event_ns` is then not written. */
bool test_card_read_event(const struct test_card_picture *picture, uint64_t *event_ns);

/* ---- for whoever draws one ---- */
uint32_t test_card_strip_rows(uint32_t width); /* height of the strip in pixels */
uint32_t test_card_pixel_bytes(uint32_t format);
uint64_t test_card_row_hash(const void *row, uint32_t width, uint32_t format);
uint64_t test_card_row_weight(uint32_t y); /* what the row's hash is multiplied with */
uint32_t test_card_fold(uint64_t sum);
bool test_card_bit(const struct test_card_strip *strip, uint32_t index); /* bit 0..95 of the strip */
bool test_card_event_bit(uint64_t event_ns, uint32_t index);             /* bit 0..95 of the second field */
uint32_t test_card_cells_per_row(uint32_t width);
#define TEST_CARD_BITS 96u

#endif
