/* Calls agent_step() when it is due, until the wish to end, a time limit or the agent itself ends it. */
#ifndef TRANSOM_GUEST_WINDOWS_AGENT_LOOP_H
#define TRANSOM_GUEST_WINDOWS_AGENT_LOOP_H

#include "guest/core/agent.h"

/* `capture` is the agent's source: where it can be told of news, the loop rests in it. `seconds` 0 = no limit. True when the end was wished
 * for or the agent is done, false when it failed. */
bool agent_loop_run(struct agent *agent, struct region_device *device, struct screen_capture *capture, uint64_t seconds);

#endif
