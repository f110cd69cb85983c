/* Who may have a VM's input, by who he is and where he sits. The table is at the head of input_guard.h. */
#ifndef TRANSOM_HOST_SERVE_INPUT_RIGHTS_H
#define TRANSOM_HOST_SERVE_INPUT_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

struct login_sessions;

struct input_rights {
  bool input, devices;
  const char *why; /* one of them is not allowed: a constant */
};

struct input_rights input_rights_of(struct login_sessions *sessions, uid_t uid);

/* May `uid`, who has a right to the input, take it from `holder`? */
bool input_rights_may_take(struct login_sessions *sessions, uid_t uid, uid_t holder);

#endif
