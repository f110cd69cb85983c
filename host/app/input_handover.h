/* Carries input from the window's thread to the sink's: itself an input sink on one side, drained on the event loop's thread on the other.
 *
 * A bounded queue of one producer and one consumer; neither ever waits. When it is full the events are dropped and the consumer resets the
 * sink, so that a lost release cannot leave a key pressed. */
#ifndef TRANSOM_HOST_APP_INPUT_HANDOVER_H
#define TRANSOM_HOST_APP_INPUT_HANDOVER_H

#include "host/input/input_sink.h"

struct input_handover;

/* `wake` is called on the producer's thread after each event. The sink stays the caller's. NULL: out of memory. */
struct input_handover *input_handover_create(struct input_sink *sink, void (*wake)(void *user_data), void *user_data);
void input_handover_destroy(struct input_handover *handover);

/* For the producer's thread. Its destroy entry is not to be called. */
struct input_sink *input_handover_sink(struct input_handover *handover);

/* Delivers what waits. The consumer's thread. */
void input_handover_drain(struct input_handover *handover);

#endif
