/* "Somebody typed or moved a mouse in this guest": ends the screen's back-off before the screen has changed.
 *
 * Watches /dev/input/event*, also those that appear later. Only *that* there was input is used, and when; which keys they were is not kept.
 * Threads: one, the agent's. Without any device, or without the right to open them, it never reports. */
#ifndef TRANSOM_GUEST_LINUX_INPUT_ACTIVITY_H
#define TRANSOM_GUEST_LINUX_INPUT_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

struct input_activity;

struct input_activity *input_activity_create(const char *directory); /* "/dev/input"; NULL: refused by the system */
void input_activity_destroy(struct input_activity *activity);

int input_activity_fd(const struct input_activity *activity); /* readable = input_activity_take() has something to do */

/* Takes all there is. True when there was input, not only a device that came or went. */
bool input_activity_take(struct input_activity *activity);

/* How long before `monotonic_ns` (CLOCK_MONOTONIC) the kernel had the first press, release, motion or turn of a wheel of the last take.
 * False: there was none among what it took; an autorepeat and an LED are none. */
bool input_activity_action(const struct input_activity *activity, uint64_t monotonic_ns, uint64_t *age_ns);

#endif
