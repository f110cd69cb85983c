/* An input sink that writes down what it is told, as text. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_INPUT_SINK_H
#define TRANSOM_TESTS_SUPPORT_FAKE_INPUT_SINK_H

#include "host/input/input_sink.h"

struct fake_input_sink {
  struct input_sink base;
  char told[4096]; /* "k7:4+ k7:4- a100,200 b0+ w120,0 r" */
};

void fake_input_sink_init(struct fake_input_sink *sink);

#endif
