/* When the service starts, ends and restarts its worker. Pure: facts and times come in, an action comes out; the caller does it at once.
 * The service's main thread.
 *
 * There is one worker at a time, in the session that has the console: the screen that people see. A new one is started only after the old
 * one is known to have ended.
 *
 * state       console went away | console is another | worker ended          | time is up | stop
 * NO_SESSION  -                 | START, RUNNING     | impossible            | -          | DONE
 * WAITING     NO_SESSION        | START, RUNNING     | impossible            | START,     | DONE
 *                               |                    |                       |  RUNNING   |
 * RUNNING     ASK_END, ENDING   | ASK_END, ENDING    | WAITING (back-off)    | -          | ASK_END, LAST
 * ENDING      remembered        | remembered         | as NO_SESSION with    | KILL       | LAST
 *                               |                    | the console as it is  |            |
 * LAST        -                 | -                  | DONE                  | KILL       | -
 * DONE        -                 | -                  | -                     | -          | -
 *
 * Back-off: 0.25 s, doubled at each end up to 30 s, from the start again once a worker has lived for 60 s or the console has moved. A
 * worker that says it cannot run here (no driver, wrong settings) waits the 30 s at once: neither comes within a second. A worker that was
 * asked to end has 5 s for it. */
#ifndef TRANSOM_GUEST_CORE_SESSION_POLICY_H
#define TRANSOM_GUEST_CORE_SESSION_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define SESSION_NONE UINT32_MAX /* nobody has the console: between two sessions */
#define SESSION_BACK_OFF_FIRST_NS UINT64_C(250000000)
#define SESSION_BACK_OFF_MAX_NS UINT64_C(30000000000)
#define SESSION_WORKER_IS_WELL_NS UINT64_C(60000000000)
#define SESSION_END_TIMEOUT_NS UINT64_C(5000000000)
#define SESSION_NEVER UINT64_MAX

enum session_state { SESSION_NO_SESSION, SESSION_WAITING, SESSION_RUNNING, SESSION_ENDING, SESSION_LAST, SESSION_DONE };

enum session_action {
  SESSION_NOTHING,
  SESSION_START,   /* a worker, in policy->session; when that fails, say worker_ended() */
  SESSION_ASK_END, /* set its stop event */
  SESSION_KILL,    /* it does not listen */
};

/* LATER: it said that it cannot run here. */
enum session_worker_end { SESSION_WORKER_ENDED, SESSION_WORKER_LATER };

struct session_policy {
  enum session_state state;
  uint32_t console; /* who has it now, as last heard */
  uint32_t session; /* the worker's, or the one that it is to be started in */
  uint64_t started_ns, due_ns, back_off_ns;
  uint32_t starts; /* since the service began */
};

void session_policy_init(struct session_policy *policy);

enum session_action session_policy_console(struct session_policy *policy, uint32_t session, uint64_t now_ns);
enum session_action session_policy_worker_ended(struct session_policy *policy, enum session_worker_end how, uint64_t now_ns);
enum session_action session_policy_stop(struct session_policy *policy, uint64_t now_ns);

/* Call when `due_ns` has come, or sooner: sooner does nothing. */
enum session_action session_policy_time(struct session_policy *policy, uint64_t now_ns);

const char *session_state_name(enum session_state state);

#endif
