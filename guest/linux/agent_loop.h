/* Calls agent_step() when it is due, until a signal, a time limit or the agent itself ends it. */
#ifndef TRANSOM_GUEST_LINUX_AGENT_LOOP_H
#define TRANSOM_GUEST_LINUX_AGENT_LOOP_H

#include "guest/core/agent.h"

struct input_activity;
struct screen_capture;

/* Blocks SIGINT and SIGTERM for the process and takes them as the wish to end. `activity` may be NULL; `seconds` 0 = no limit. `reacts`:
 * the test card that shows each action of the user's at once; NULL = none. Returns true when the end was wished for or the agent is done,
 * false when it failed. */
bool agent_loop_run(struct agent *agent, struct region_device *device, struct input_activity *activity, struct screen_capture *reacts,
                    uint64_t seconds);

#endif
