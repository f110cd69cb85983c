/* "Somebody typed or moved a mouse in this guest": ends the agent's back-off before the screen has changed.
 *
 * A thread of its own owns a message-only window that listens to raw input, because a thread with a window cannot follow the input desktop.
 * It listens only while it is asked to: a mouse may report a thousand times a second. That there was input is all that is used. */
#ifndef TRANSOM_GUEST_WINDOWS_INPUT_ACTIVITY_H
#define TRANSOM_GUEST_WINDOWS_INPUT_ACTIVITY_H

#include <stdbool.h>

struct input_activity;

struct input_activity *input_activity_create(void);           /* NULL: refused; the agent then keeps to its timetable */
void input_activity_destroy(struct input_activity *activity); /* NULL is fine */

void *input_activity_event(const struct input_activity *activity); /* HANDLE: set when there was input, resets itself */

/* Listens from now on for one input, or no more. What happened before is no news. */
void input_activity_listen(struct input_activity *activity, bool listen);

#endif
