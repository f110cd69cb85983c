/* A screen that draws itself: the synthetic source for tests, benchmarks and demonstrations without a guest.
 *
 * From the top: the frame-number strip (common/test_card_strip.h: how to read and verify it), a line of text, then diagonal stripes. Each
 * frame shifts the stripes by five pixels in a band of `damage_percent` of the rows below the text, which starts where the band of the
 * frame before ended: at 100 every pixel changes in every frame, at less a wipe goes down the picture. Strip and text change always.
 * Damage is known exactly. A cursor on a circle may be had besides. */
#ifndef TRANSOM_GUEST_CORE_TEST_CARD_H
#define TRANSOM_GUEST_CORE_TEST_CARD_H

#include "guest/core/screen_capture.h"

struct test_card_options {
  uint32_t width, height; /* TEST_CARD_EDGE_MIN and up */
  enum transom_format format;
  uint32_t rate;           /* frames a second; 0 = a new one whenever asked */
  uint32_t damage_percent; /* 0 .. 100 */
  uint32_t still_after;    /* frames; then the picture rests. 0 = never */
  uint32_t screen;         /* of several: its line of text says which. 0 = the first */
  bool cursor;
  bool reacts; /* a loop card: rests from the first frame on; each test_card_react() is one more */
};

struct screen_capture *test_card_create(const struct test_card_options *options); /* NULL: out of memory or out of bounds */

/* Of a card that reacts: the next acquire() has a new frame that shows the event's time, on the guest's clock, in the card's second field
 * (common/test_card_strip.h). Several before that acquire() are one frame, with the time of the first. */
void test_card_react(struct screen_capture *capture, uint64_t event_ns);

#endif
