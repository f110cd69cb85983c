#define LOG_MODULE "serve"
#include "host/serve/login_sessions.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/session_locks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

struct login_sessions {
  struct event_loop *loop;
  void (*changed)(void *user_data);
  void *user_data;
  struct session_locks *locks;
  sd_login_monitor *monitor; /* NULL: no logind, as far as we know */
  struct event_source *source;
};

static void on_monitor(int fd, uint32_t events, void *user_data) {
  struct login_sessions *sessions = user_data;
  (void)fd, (void)events;
  sd_login_monitor_flush(sessions->monitor);
  sessions->changed(sessions->user_data);
}

/* logind may come up after us, so this is tried again whenever somebody asks. */
static bool watch(struct login_sessions *sessions) {
  if (sessions->monitor)
    return true;
  if (sd_login_monitor_new("session", &sessions->monitor) < 0) {
    sessions->monitor = NULL;
    return false;
  }
  sessions->source = event_loop_add_fd(sessions->loop, sd_login_monitor_get_fd(sessions->monitor), EVENT_READABLE, on_monitor, sessions);
  if (!sessions->source)
    sessions->monitor = sd_login_monitor_unref(sessions->monitor);
  return sessions->monitor != NULL;
}

struct login_sessions *login_sessions_create(struct event_loop *loop, void (*changed)(void *user_data), void *user_data) {
  struct login_sessions *sessions = calloc(1, sizeof *sessions);
  if (!sessions)
    return NULL;
  *sessions = (struct login_sessions){.loop = loop, .changed = changed, .user_data = user_data};
  sessions->locks = session_locks_create(loop, changed, user_data);
  if (!sessions->locks) {
    free(sessions);
    return NULL;
  }
  watch(sessions);
  return sessions;
}

void login_sessions_destroy(struct login_sessions *sessions) {
  if (!sessions)
    return;
  event_source_remove(sessions->source);
  sd_login_monitor_unref(sessions->monitor);
  session_locks_destroy(sessions->locks);
  free(sessions);
}

static bool is_user_class(const char *session) {
  char *class = NULL;
  const bool is_user = sd_session_get_class(session, &class) >= 0 && !strncmp(class, "user", 4); /* and "user-early" and the like */
  free(class);
  return is_user;
}

static bool has_seat(const char *session) {
  char *seat = NULL;
  const bool has = sd_session_get_seat(session, &seat) >= 0;
  free(seat);
  return has && sd_session_is_remote(session) == 0;
}

static enum login_presence presence_in(struct login_sessions *sessions, const char *session, uid_t uid) {
  uid_t owner;
  if (sd_session_get_uid(session, &owner) < 0 || owner != uid || !has_seat(session) || !is_user_class(session))
    return LOGIN_NO_SEAT;
  if (sd_session_is_active(session) <= 0)
    return LOGIN_AWAY;
  return session_locks_has(sessions->locks, session) ? LOGIN_LOCKED : LOGIN_HERE;
}

/* Through the sessions' own files only, because these are what is watched. */
enum login_presence login_sessions_presence(struct login_sessions *sessions, uid_t uid) {
  char **names = NULL;
  enum login_presence best = LOGIN_NO_SEAT;
  if (!watch(sessions))
    return LOGIN_UNKNOWN;
  const int count = sd_get_sessions(&names);
  for (int i = 0; i < count; i++) {
    const enum login_presence presence = presence_in(sessions, names[i], uid);
    best = presence > best ? presence : best;
    free(names[i]);
  }
  free(names);
  return best;
}
