/* The input_source that plays a recording (input_recording.h) at the speed at which it was made. Thread: the loop's.
 *
 * A recording that is cut or wrong ends where the fault is, with every key and button released. */
#ifndef TRANSOM_HOST_INPUT_INPUT_SOURCE_REPLAY_H
#define TRANSOM_HOST_INPUT_INPUT_SOURCE_REPLAY_H

#include "host/input/input_source.h"

#include <stdbool.h>

#define INPUT_REPLAY_REPORTS_A_TURN 64 /* that are due at once; then the loop's other callers have their turn */

struct event_loop;

/* `fault`: NULL after the last line, else one line "FILE:LINE: what is wrong". The source lives on, silent. */
typedef void (*input_replay_ended)(const char *fault, void *user_data);

/* Plays nothing yet. NULL: errno; EINVAL: not a recording. */
struct input_source *input_source_replay_create(struct event_loop *loop, const char *path, input_replay_ended ended, void *user_data);
void input_source_replay_start(struct input_source *source);

/* The highest number of a game controller in it, up to its first fault; 0 = none. */
uint8_t input_source_replay_controllers(const char *path);

#endif
