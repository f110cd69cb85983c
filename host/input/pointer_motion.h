/* Motion of one report, summed until something that must not be overtaken follows. Plain values; data plane. */
#ifndef TRANSOM_HOST_INPUT_POINTER_MOTION_H
#define TRANSOM_HOST_INPUT_POINTER_MOTION_H

#include "host/input/input_event.h"

struct input_sink;

struct pointer_motion {
  int32_t dx, dy; /* sums; they stop at the ends of their range */
  bool has_x, has_y;
  int32_t x, y; /* absolute */
};

bool pointer_motion_is(const struct input_event *event); /* X or Y of a pointer */

/* Takes what the mode wants: counts while captured, positions otherwise. */
void pointer_motion_add(struct pointer_motion *motion, const struct input_event *event, bool captured);
bool pointer_motion_flush(struct pointer_motion *motion, struct input_sink *sink); /* true: something was sent */

#endif
