#include "host/link/link_states.h"

#define LINK_STATES (GUEST_LINK_NO_HEAD + 1)

#define TO(state) ((uint8_t)(1 + (state))) /* 0 = cannot happen */
static const uint8_t transitions[LINK_STATES][LINK_EVENTS] = {
    [GUEST_LINK_NO_REGION] = {[LINK_OPENED] = TO(GUEST_LINK_WAITING), [LINK_LOST] = TO(GUEST_LINK_NO_REGION)},
    [GUEST_LINK_WAITING] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                            [LINK_ATTACHED] = TO(GUEST_LINK_RUNNING),
                            [LINK_UNFORMATTED] = TO(GUEST_LINK_WAITING),
                            [LINK_INCOMPATIBLE] = TO(GUEST_LINK_INCOMPATIBLE),
                            [LINK_DISHONEST] = TO(GUEST_LINK_BROKEN),
                            [LINK_HEADLESS] = TO(GUEST_LINK_NO_HEAD)},
    [GUEST_LINK_RUNNING] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                            [LINK_EPOCH_MOVED] = TO(GUEST_LINK_WAITING),
                            [LINK_HEARTBEAT] = TO(GUEST_LINK_RUNNING),
                            [LINK_SILENCE] = TO(GUEST_LINK_AGENT_LOST)},
    [GUEST_LINK_AGENT_LOST] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                               [LINK_EPOCH_MOVED] = TO(GUEST_LINK_WAITING),
                               [LINK_HEARTBEAT] = TO(GUEST_LINK_RUNNING),
                               [LINK_SILENCE] = TO(GUEST_LINK_AGENT_LOST)},
    [GUEST_LINK_INCOMPATIBLE] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                                 [LINK_ATTACHED] = TO(GUEST_LINK_RUNNING),
                                 [LINK_UNFORMATTED] = TO(GUEST_LINK_WAITING),
                                 [LINK_INCOMPATIBLE] = TO(GUEST_LINK_INCOMPATIBLE),
                                 [LINK_DISHONEST] = TO(GUEST_LINK_BROKEN),
                                 [LINK_HEADLESS] = TO(GUEST_LINK_NO_HEAD)},
    [GUEST_LINK_NO_HEAD] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                            [LINK_ATTACHED] = TO(GUEST_LINK_RUNNING),
                            [LINK_UNFORMATTED] = TO(GUEST_LINK_WAITING),
                            [LINK_INCOMPATIBLE] = TO(GUEST_LINK_INCOMPATIBLE),
                            [LINK_DISHONEST] = TO(GUEST_LINK_BROKEN),
                            [LINK_HEADLESS] = TO(GUEST_LINK_NO_HEAD)},
    [GUEST_LINK_BROKEN] = {[LINK_LOST] = TO(GUEST_LINK_NO_REGION),
                           [LINK_ATTACHED] = TO(GUEST_LINK_RUNNING),
                           [LINK_UNFORMATTED] = TO(GUEST_LINK_WAITING),
                           [LINK_INCOMPATIBLE] = TO(GUEST_LINK_INCOMPATIBLE),
                           [LINK_DISHONEST] = TO(GUEST_LINK_BROKEN),
                           [LINK_HEADLESS] = TO(GUEST_LINK_NO_HEAD)},
};

bool link_states_next(enum guest_link_state state, enum link_event event, enum guest_link_state *next) {
  uint8_t to = transitions[state][event];
  if (to)
    *next = (enum guest_link_state)(to - 1);
  return to != 0;
}

const char *link_states_name(enum guest_link_state state) {
  static const char *const names[] = {"no region", "waiting", "running", "agent lost", "incompatible", "broken", "no head"};
  return names[state];
}

const char *link_states_event_name(enum link_event event) {
  static const char *const names[] = {"opened",    "lost",     "attached",    "unformatted", "incompatible",
                                      "dishonest", "headless", "epoch moved", "heartbeat",   "silence"};
  return names[event];
}
