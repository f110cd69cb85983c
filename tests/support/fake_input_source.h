/* An input source that a test plays: what is down, whether a grab is refused; it counts grabs. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_INPUT_SOURCE_H
#define TRANSOM_TESTS_SUPPORT_FAKE_INPUT_SOURCE_H

#include "host/input/input_source.h"
#include "host/input/pressed_keys.h"

struct fake_input_source {
  struct input_source base;
  struct pressed_keys down;                                 /* the test's to fill */
  int refuses;                                              /* -EBUSY, or 0 */
  bool grabbed, grabbed_with_key_down;                      /* the second is never taken back */
  void (*while_grabbing)(struct fake_input_source *source); /* optional: what happens just then */
  uint32_t leds;
  uint16_t lacks; /* a usage of page 7 that no keyboard has */
};

void fake_input_source_init(struct fake_input_source *source);

#endif
