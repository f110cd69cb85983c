#include "support/fake_login_sessions.h"

#include <stdlib.h>

#define USERS_MAX 8

struct login_sessions {
  void (*changed)(void *user_data);
  void *user_data;
};

static struct {
  uid_t uid;
  enum login_presence presence;
} users[USERS_MAX];
static unsigned user_count;
static enum login_presence of_others;
static struct login_sessions *watcher;

void fake_login_reset(enum login_presence everybody) {
  user_count = 0;
  of_others = everybody;
}

void fake_login_set(uid_t uid, enum login_presence presence) {
  unsigned i = 0;
  while (i < user_count && users[i].uid != uid)
    i++;
  if (i == USERS_MAX)
    abort();
  users[i].uid = uid;
  users[i].presence = presence;
  if (i == user_count)
    user_count++;
  if (watcher)
    watcher->changed(watcher->user_data);
}

struct login_sessions *login_sessions_create(struct event_loop *loop, void (*changed)(void *user_data), void *user_data) {
  (void)loop;
  watcher = malloc(sizeof *watcher);
  if (!watcher)
    abort();
  *watcher = (struct login_sessions){changed, user_data};
  return watcher;
}

void login_sessions_destroy(struct login_sessions *sessions) {
  free(sessions);
  watcher = NULL;
}

enum login_presence login_sessions_presence(struct login_sessions *sessions, uid_t uid) {
  (void)sessions;
  for (unsigned i = 0; i < user_count; i++)
    if (users[i].uid == uid)
      return users[i].presence;
  return of_others;
}
