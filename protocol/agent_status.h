/* How the agent is: its heartbeat, and what it says of itself. The host's half; the agent writes with region_set_status().
 * Data plane; any one thread a reader. An agent without the section has no heartbeat to lose. */
#ifndef TRANSOM_PROTOCOL_AGENT_STATUS_H
#define TRANSOM_PROTOCOL_AGENT_STATUS_H

#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AGENT_STATUS_TEXT_BYTES 168u

struct transom_agent_report {
  uint64_t sequence;                  /* of the report */
  uint32_t state;                     /* enum transom_agent_state */
  char text[AGENT_STATUS_TEXT_BYTES]; /* ends with 0, printable ASCII or '?' */
};

bool agent_status_exists(const struct transom_region *region);
uint64_t agent_status_heartbeat(const struct transom_region *region); /* 0 without the section */

/* The report, if its sequence is another one than `seen`. 0; -EAGAIN nothing new, none yet, or torn; -EBADMSG an unknown state. */
int agent_status_read(const struct transom_region *region, uint64_t seen, struct transom_agent_report *report);

#ifdef __cplusplus
}
#endif
#endif
