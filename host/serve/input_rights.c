#include "host/serve/input_rights.h"

#include "host/serve/login_sessions.h"

#include <unistd.h>

struct input_rights input_rights_of(struct login_sessions *sessions, uid_t uid) {
  switch (login_sessions_presence(sessions, uid)) {
  case LOGIN_HERE:
    return (struct input_rights){.input = true, .devices = true};
  case LOGIN_AWAY:
    return (struct input_rights){.why = "your login session is switched away"};
  case LOGIN_LOCKED:
    return (struct input_rights){.why = "your login session is locked"};
  case LOGIN_NO_SEAT:
    return (struct input_rights){true, uid == geteuid(), "you have no login session at this machine's own screen"};
  case LOGIN_UNKNOWN:
    break;
  }
  return (struct input_rights){true, uid == geteuid(), "there is no logind here that knows who sits at this machine"};
}

bool input_rights_may_take(struct login_sessions *sessions, uid_t uid, uid_t holder) {
  return uid == holder || login_sessions_presence(sessions, uid) == LOGIN_HERE || login_sessions_presence(sessions, holder) != LOGIN_HERE;
}
