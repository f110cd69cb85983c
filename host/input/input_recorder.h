/* Writes a recording: input_recording.h. One thread; control plane (a file is written). */
#ifndef TRANSOM_HOST_INPUT_INPUT_RECORDER_H
#define TRANSOM_HOST_INPUT_INPUT_RECORDER_H

#include "host/input/input_event.h"

#include <stddef.h>

struct input_recorder;

/* A new file for its owner alone (0600); one that is there already is not written over. NULL: errno. */
struct input_recorder *input_recorder_create(const char *path);

/* Releases of keys that were pressed before the recording began are left out. */
void input_recorder_report(struct input_recorder *recorder, const struct input_event *events, size_t count);
size_t input_recorder_count(const struct input_recorder *recorder); /* of events so far */

/* Releases what is down, ends and closes the file. 0, or -errno of the first write that failed. */
int input_recorder_destroy(struct input_recorder *recorder);

#endif
