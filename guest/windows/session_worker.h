/* The service's worker: `transom-agent run` as SYSTEM in the session that has the console, so that it may also show the log-in screen and
 * UAC's prompts. It is in a job that ends with the service, whatever ends the service. The service's main thread. */
#ifndef TRANSOM_GUEST_WINDOWS_SESSION_WORKER_H
#define TRANSOM_GUEST_WINDOWS_SESSION_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct session_worker {
  void *job;        /* HANDLEs */
  void *process;    /* NULL = none runs */
  void *stop_event; /* its wish to end */
  uint32_t pid;
  uint32_t exit_code; /* of the last one that ended */
};

/* False: said in the log. */
bool session_worker_init(struct session_worker *worker);
void session_worker_finish(struct session_worker *worker); /* ends it, if it still runs */

bool session_worker_start(struct session_worker *worker, uint32_t session);
void session_worker_ask_end(struct session_worker *worker);
void session_worker_kill(struct session_worker *worker);

/* True once after it ended; `exit_code` says how. */
bool session_worker_ended(struct session_worker *worker);

#endif
