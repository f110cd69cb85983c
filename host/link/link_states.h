/* The states of a connection to a guest, what may happen in each, and what follows. Pure; private to host/link. */
#ifndef TRANSOM_HOST_LINK_LINK_STATES_H
#define TRANSOM_HOST_LINK_LINK_STATES_H

#include "host/link/guest_link.h"

/* What may happen in which state, and what follows. `-` cannot happen: logged, and nothing changes.
 *
 *                 OPENED   LOST       ATTACHED  UNFORMATTED  INCOMPATIBLE  DISHONEST  HEADLESS  EPOCH_MOVED  HEARTBEAT  SILENCE
 *  NO_REGION      WAITING  stays      -         -            -             -          -         -            -          -
 *  WAITING        -        NO_REGION  RUNNING   stays        INCOMPATIBLE  BROKEN     NO_HEAD   -            -          -
 *  RUNNING        -        NO_REGION  -         -            -             -          -         WAITING      stays      AGENT_LOST
 *  AGENT_LOST     -        NO_REGION  -         -            -             -          -         WAITING      RUNNING    stays
 *  INCOMPATIBLE   -        NO_REGION  RUNNING   WAITING      stays         BROKEN     NO_HEAD   -            -          -
 *  BROKEN         -        NO_REGION  RUNNING   WAITING      INCOMPATIBLE  stays      NO_HEAD   -            -          -
 *  NO_HEAD        -        NO_REGION  RUNNING   WAITING      INCOMPATIBLE  BROKEN     stays     -            -          -
 *
 * A session begins with ATTACHED and ends with EPOCH_MOVED or LOST. LOST: the file is gone or another one, or the server offers another
 * place; a server that merely died is not LOST, because what we hold goes on working. */
enum link_event {
  LINK_OPENED,
  LINK_LOST,
  LINK_ATTACHED,
  LINK_UNFORMATTED,
  LINK_INCOMPATIBLE,
  LINK_DISHONEST,
  LINK_HEADLESS,
  LINK_EPOCH_MOVED,
  LINK_HEARTBEAT,
  LINK_SILENCE,
  LINK_EVENTS
};

/* False: that cannot happen there, and nothing changes. */
bool link_states_next(enum guest_link_state state, enum link_event event, enum guest_link_state *next);

const char *link_states_name(enum guest_link_state state); /* for the log */
const char *link_states_event_name(enum link_event event);

#endif
