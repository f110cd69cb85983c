/* What the service's worker says of itself, in a file of the data directory for `status`: the driver lets no second program look into the
 * region. Control plane; the worker's main thread writes, at each change. */
#ifndef TRANSOM_GUEST_WINDOWS_AGENT_STATE_H
#define TRANSOM_GUEST_WINDOWS_AGENT_STATE_H

#include "protocol/layout.h"

#include <stdbool.h>

#define AGENT_STATE_TEXT_BYTES 190 /* with its key it fits a line of the INI reader */

struct agent_state {
  char state[16]; /* "starting", "running", "no display", "unreadable", "stopped", "failed"; "" = not known */
  char text[AGENT_STATE_TEXT_BYTES];
};

void agent_state_begin(void); /* from here on it is written; before, and in agents started by hand, it is not */

/* agent_ports.status_changed */
void agent_state_changed(enum transom_agent_state state, const char *text, void *user_data);

/* There is no agent to say anything: why. */
void agent_state_failed(const char *text);

void agent_state_read(struct agent_state *state);

#endif
