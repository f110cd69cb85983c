#include "guest/core/session_policy.h"

#include <assert.h>

const char *session_state_name(enum session_state state) {
  static const char *const names[] = {"no session", "waiting", "running", "ending", "last", "done"};
  return names[state];
}

void session_policy_init(struct session_policy *policy) {
  *policy = (struct session_policy){.state = SESSION_NO_SESSION, .console = SESSION_NONE, .session = SESSION_NONE, .due_ns = SESSION_NEVER};
}

static enum session_action start(struct session_policy *policy, uint64_t now_ns) {
  policy->state = SESSION_RUNNING;
  policy->session = policy->console;
  policy->started_ns = now_ns;
  policy->due_ns = SESSION_NEVER;
  policy->starts++;
  return SESSION_START;
}

static enum session_action enter_no_session(struct session_policy *policy, uint64_t now_ns) {
  policy->state = SESSION_NO_SESSION;
  policy->session = SESSION_NONE;
  policy->due_ns = SESSION_NEVER;
  return policy->console == SESSION_NONE ? SESSION_NOTHING : start(policy, now_ns);
}

static enum session_action ask_end(struct session_policy *policy, enum session_state next, uint64_t now_ns) {
  policy->state = next;
  policy->due_ns = now_ns + SESSION_END_TIMEOUT_NS;
  return SESSION_ASK_END;
}

static enum session_action enter_done(struct session_policy *policy) {
  policy->state = SESSION_DONE;
  policy->due_ns = SESSION_NEVER;
  return SESSION_NOTHING;
}

enum session_action session_policy_console(struct session_policy *policy, uint32_t session, uint64_t now_ns) {
  const bool moved = session != policy->console;
  policy->console = session;
  switch (policy->state) {
  case SESSION_NO_SESSION:
  case SESSION_WAITING:
    if (!moved)
      return SESSION_NOTHING;
    policy->back_off_ns = 0;
    return enter_no_session(policy, now_ns);
  case SESSION_RUNNING:
    if (session == policy->session)
      return SESSION_NOTHING;
    policy->back_off_ns = 0;
    return ask_end(policy, SESSION_ENDING, now_ns);
  case SESSION_ENDING:
  case SESSION_LAST:
  case SESSION_DONE:
    break;
  }
  return SESSION_NOTHING;
}

static enum session_action back_off(struct session_policy *policy, enum session_worker_end how, uint64_t now_ns) {
  if (now_ns - policy->started_ns >= SESSION_WORKER_IS_WELL_NS)
    policy->back_off_ns = 0;
  policy->back_off_ns = policy->back_off_ns ? 2 * policy->back_off_ns : SESSION_BACK_OFF_FIRST_NS;
  if (how == SESSION_WORKER_LATER || policy->back_off_ns > SESSION_BACK_OFF_MAX_NS)
    policy->back_off_ns = SESSION_BACK_OFF_MAX_NS;
  policy->state = SESSION_WAITING;
  policy->due_ns = now_ns + policy->back_off_ns;
  return SESSION_NOTHING;
}

enum session_action session_policy_worker_ended(struct session_policy *policy, enum session_worker_end how, uint64_t now_ns) {
  switch (policy->state) {
  case SESSION_RUNNING:
    return back_off(policy, how, now_ns);
  case SESSION_ENDING:
    return enter_no_session(policy, now_ns);
  case SESSION_LAST:
    return enter_done(policy);
  case SESSION_NO_SESSION:
  case SESSION_WAITING:
  case SESSION_DONE:
    assert(!"a worker ended that was never started");
  }
  return SESSION_NOTHING;
}

enum session_action session_policy_stop(struct session_policy *policy, uint64_t now_ns) {
  switch (policy->state) {
  case SESSION_NO_SESSION:
  case SESSION_WAITING:
    return enter_done(policy);
  case SESSION_RUNNING:
    return ask_end(policy, SESSION_LAST, now_ns);
  case SESSION_ENDING: /* it was asked already, and its time runs */
    policy->state = SESSION_LAST;
    break;
  case SESSION_LAST:
  case SESSION_DONE:
    break;
  }
  return SESSION_NOTHING;
}

enum session_action session_policy_time(struct session_policy *policy, uint64_t now_ns) {
  if (now_ns < policy->due_ns)
    return SESSION_NOTHING;
  switch (policy->state) {
  case SESSION_WAITING:
    return start(policy, now_ns);
  case SESSION_ENDING:
  case SESSION_LAST:
    policy->due_ns = now_ns + SESSION_END_TIMEOUT_NS; /* and once more, should that have failed */
    return SESSION_KILL;
  case SESSION_NO_SESSION:
  case SESSION_RUNNING:
  case SESSION_DONE:
    break;
  }
  return SESSION_NOTHING;
}
