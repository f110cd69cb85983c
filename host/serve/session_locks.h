/* Which login sessions are locked: LockedHint of logind's D-Bus interface (org.freedesktop.login1(5)), which screen lockers set. GNOME's
 * and KDE's do; a locker that does not is not noticed here. While the machine goes to sleep (PrepareForSleep) all of them count as locked.
 * Without a system bus nobody is known to be locked.
 *
 * On one event loop, whose thread calls everything; nothing blocks: a session that is asked about for the first time counts as unlocked
 * until logind has answered, and `changed` follows. */
#ifndef TRANSOM_HOST_SERVE_SESSION_LOCKS_H
#define TRANSOM_HOST_SERVE_SESSION_LOCKS_H

#include <stdbool.h>

struct event_loop;
struct session_locks;

#define SESSION_LOCKS_MAX 32 /* sessions that are remembered; the machine of one desk has a few */

/* NULL: out of memory. */
struct session_locks *session_locks_create(struct event_loop *loop, void (*changed)(void *user_data), void *user_data);
void session_locks_destroy(struct session_locks *locks);
bool session_locks_has(struct session_locks *locks, const char *session);

#endif
