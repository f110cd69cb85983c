/* One entry of the input queue as the arguments of QMP's input-send-event. Pure. */
#ifndef TRANSOM_HOST_INPUT_QMP_INPUT_COMMAND_H
#define TRANSOM_HOST_INPUT_QMP_INPUT_COMMAND_H

#include "host/input/input_queue.h"

/* Most events in a command: 4 of motion and a press and a release for each wheel step; at most 96 bytes each. */
#define QMP_INPUT_EVENTS_MAX (4 + 2 * INPUT_QUEUE_WHEEL_STEPS_MAX)
#define QMP_INPUT_COMMAND_BYTES (16 + 96 * QMP_INPUT_EVENTS_MAX)

#define QMP_INPUT_BUTTONS 5 /* what input-send-event knows, in the order of enum input_button */

/* Number of events; with 0 there is nothing to send. Absolute motion is left out unless `has_absolute`: QEMU would refuse nothing, but the
 * events would go nowhere. */
int qmp_input_command_format(char text[QMP_INPUT_COMMAND_BYTES], const struct input_entry *entry, bool has_absolute);

#endif
