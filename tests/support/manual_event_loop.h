/* host/event/event_loop.h on a clock that only the test moves. Link it instead of host/event. Descriptors are real, by poll(). */
#ifndef TRANSOM_TESTS_SUPPORT_MANUAL_EVENT_LOOP_H
#define TRANSOM_TESTS_SUPPORT_MANUAL_EVENT_LOOP_H

#include "host/event/event_loop.h"

/* Moves the clock and runs the timers that come due, in their order. */
void manual_event_loop_advance(struct event_loop *loop, uint64_t ns);

/* Runs descriptor callbacks until nothing is ready any more. */
void manual_event_loop_settle(struct event_loop *loop);

#endif
