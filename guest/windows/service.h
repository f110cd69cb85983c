/* The Windows service: keeps one worker in the session that has the console (guest/core/session_policy.h says when). It touches neither
 * screen nor region itself: in session 0 there is no screen.
 *
 * service_install.c puts it into Windows and takes it out, service_status.c tells how it is. */
#ifndef TRANSOM_GUEST_WINDOWS_SERVICE_H
#define TRANSOM_GUEST_WINDOWS_SERVICE_H

#include <stdint.h>

#define SERVICE_NAME L"TransomAgent"
#define SERVICE_TITLE L"Transom agent"

/* What the service says of itself in the data directory, for `status`. */
#define SERVICE_STATE_FILE "service.state"

struct service_state {
  int64_t pid, worker_pid; /* 0 = none */
  int64_t session;         /* the worker's; -1 = none */
  int64_t starts;          /* of workers, since the service began */
  int64_t last_exit;       /* of the last worker that ended; -1 = none has */
  char state[16];          /* session_state_name() */
};

#endif
