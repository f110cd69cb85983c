/* Reports straight into a sink, without capture, hotkeys or host keys: what a replay as a verb does. One thread. */
#ifndef TRANSOM_HOST_INPUT_INPUT_DELIVERY_H
#define TRANSOM_HOST_INPUT_INPUT_DELIVERY_H

#include "host/input/input_event.h"
#include "host/input/input_sink.h"

#include <stddef.h>

struct input_delivery {
  struct input_sink *sink;
  int32_t x, y; /* where the absolute pointer is: a report may move one axis alone */
};

void input_delivery_report(struct input_delivery *delivery, const struct input_event *events, size_t count);

#endif
