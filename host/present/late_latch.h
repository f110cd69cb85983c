/* A picture to the display with the newest frame in it: the display's image is taken first, then the newest frame, and only then is
 * anything drawn. What is complete by the time the display has room is never a refresh late for having come while we waited. */
#ifndef TRANSOM_HOST_PRESENT_LATE_LATCH_H
#define TRANSOM_HOST_PRESENT_LATE_LATCH_H

#include "host/present/presenter.h"

/* Called once the display has room: commits the newest frame, if there is a newer one that can be had at once. False: the presenter has
 * failed meanwhile, nothing is to be drawn. */
typedef bool (*late_latch_take)(void *user_data);

/* The presenter's thread; data plane. `take` NULL: draws what is shown. `submitted_ns` is CLOCK_MONOTONIC_RAW just before the drawing, and
 * only set with OK. PENDING: the display has no room yet, and nothing was taken; or `take` said no. */
enum presenter_result late_latch_present(struct presenter *presenter, late_latch_take take, void *user_data, uint64_t *submitted_ns);

#endif
