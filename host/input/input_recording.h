/* Recordings of input: text, one event a line, in the order of time. docs/man/transom-record.1.scd describes the format for people.
 *
 *   transom-recording 1                      the first line
 *   SECONDS WHAT...                          0.000000 at the first event; six digits are written, up to nine are read
 *   1.250000 key 07:04 down                  page and usage in hexadecimal: keys of the pages 07, 0c and 01 (81-83)
 *   1.260000 button 1 up                     1 to 16
 *   1.270000 x -5                            also y; counts of motion
 *   1.280000 at-x 16383                      also at-y; 0 to 32767
 *   1.290000 wheel -120                      also pan; 120ths of a notch
 *   1.300000 controller 1 button 3 down      buttons 1 to 32 and axes of a game controller, -32767 to 32767
 *   1.300000 controller 1 axis 30 -5         usage of the desktop page, in hexadecimal
 *   1.310000 end                             the last line: without it the recording was cut
 *
 * Empty lines, and what follows a '#', are for readers. Events of one time are one report.
 *
 * Plain values; any thread. */
#ifndef TRANSOM_HOST_INPUT_INPUT_RECORDING_H
#define TRANSOM_HOST_INPUT_INPUT_RECORDING_H

#include "host/input/input_event.h"

#include <stdbool.h>
#include <stddef.h>

#define INPUT_RECORDING_HEADER "transom-recording 1"
#define INPUT_RECORDING_LINE_MAX 160 /* with its newline and terminator */
#define INPUT_RECORDING_SECONDS_MAX 1000000

enum input_recording_line { INPUT_RECORDING_EVENT, INPUT_RECORDING_NOTHING, INPUT_RECORDING_END };

/* `line` has no newline. NULL when it is fine; else what is wrong with it, and nothing was written. Of an end only the time is set. */
const char *input_recording_parse(const char *line, enum input_recording_line *kind, struct input_event *event);

/* With its newline. `time_ns` is written, not the event's. Events that have no line (see is_recordable) are a programmer's error. */
bool input_recording_is_recordable(const struct input_event *event);
void input_recording_format(const struct input_event *event, uint64_t time_ns, char line[INPUT_RECORDING_LINE_MAX]);
void input_recording_format_end(uint64_t time_ns, char line[INPUT_RECORDING_LINE_MAX]);

/* What is down, so that no recording ends with a key held. More than this many at once are not taken. */
#define INPUT_RECORDING_HELD_MAX 128u

struct input_recording_held {
  struct input_event keys[INPUT_RECORDING_HELD_MAX];
  size_t count;
};

bool input_recording_is_key(const struct input_event *event); /* or a button: something that is down or up */
/* A key or button: false when it changes nothing, or there is no room. */
bool input_recording_held_put(struct input_recording_held *held, const struct input_event *key);
/* A report that releases what is down, at most INPUT_REPORT_EVENTS_MAX; again until 0. */
size_t input_recording_held_release(struct input_recording_held *held, uint64_t time_ns,
                                    struct input_event events[INPUT_REPORT_EVENTS_MAX]);

#endif
