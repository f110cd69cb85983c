/* Key-ups for a viewer that can no longer say them: on a duplicate of its connection to QEMU's monitor.
 *
 * The viewer may have died in the middle of a command, so a byte that resets QEMU's JSON parser comes first (QEMU, docs/interop/qmp-spec:
 * "forcing the JSON parser into known-good state"). QEMU forgets commands that it has read but not run when the connection ends, so a dead
 * viewer's connection is kept until QEMU has answered the last of ours, and longer where the VM is paused: QEMU takes no keys then, so they
 * are said again when it goes on. A viewer that is merely stopped needs its replies itself, and keeps the connection anyway. On one event
 * loop. */
#ifndef TRANSOM_HOST_SERVE_KEY_RELEASE_H
#define TRANSOM_HOST_SERVE_KEY_RELEASE_H

#include "host/devices/held_keys.h"

#include <stdbool.h>

struct event_loop;
struct key_release;

#define KEY_RELEASE_LIMIT_NS UINT64_C(5000000000) /* then QEMU does not answer: it is stopped or dead */

/* Takes `monitor` over, whatever happens. `done`: it has ended by itself and is to be destroyed. NULL: nothing to release, or out of
 * memory. */
struct key_release *key_release_create(struct event_loop *loop, int monitor, const struct held_keys *held, bool wait_for_answer,
                                       void (*done)(struct key_release *release, void *user_data), void *user_data);
void key_release_destroy(struct key_release *release);

/* The bytes that are said: heap, or NULL when nothing is held (or out of memory). */
char *key_release_text(const struct held_keys *held);

#endif
