/* Who sits at this machine: asks logind, by the files that sd-login(3) reads, and over D-Bus whether a session is locked
 * (session_locks.h). On one event loop, whose thread calls everything.
 *
 * A user is here when one of his sessions has a seat (a screen and keyboard of this machine, not ssh or remote desktop), belongs to a user
 * (no login screen), and is the active one of its seat. Several sessions: the best one counts. */
#ifndef TRANSOM_HOST_SERVE_LOGIN_SESSIONS_H
#define TRANSOM_HOST_SERVE_LOGIN_SESSIONS_H

#include <sys/types.h>

struct event_loop;
struct login_sessions;

enum login_presence {
  LOGIN_UNKNOWN, /* no logind here */
  LOGIN_NO_SEAT, /* no session at this machine */
  LOGIN_AWAY,    /* has one, and another is shown */
  LOGIN_LOCKED,  /* is shown, and locked */
  LOGIN_HERE,
};

/* `changed`: somebody's presence may have changed. NULL: out of memory. */
struct login_sessions *login_sessions_create(struct event_loop *loop, void (*changed)(void *user_data), void *user_data);
void login_sessions_destroy(struct login_sessions *sessions);
enum login_presence login_sessions_presence(struct login_sessions *sessions, uid_t uid);

#endif
