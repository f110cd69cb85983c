/* A look into a domain's region as one more peer: is there a server, an agent, a screen? Joins no queue and writes nothing. Blocks at most
 * two seconds. One thread. */
#ifndef TRANSOM_HOST_DOCTOR_REGION_PROBE_H
#define TRANSOM_HOST_DOCTOR_REGION_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum region_probe_state {
  REGION_PROBE_NONE,         /* not looked at: there is no region */
  REGION_PROBE_UNREACHABLE,  /* `error` */
  REGION_PROBE_EMPTY,        /* no agent has formatted it */
  REGION_PROBE_INCOMPATIBLE, /* its agent is of another major version */
  REGION_PROBE_FOREIGN,      /* nothing that an honest agent of ours writes */
  REGION_PROBE_SILENT,       /* an agent was there; its heartbeat stands still */
  REGION_PROBE_ALIVE,
};

struct region_probe {
  enum region_probe_state state;
  int error; /* -errno of UNREACHABLE */
  uint64_t bytes;
  char agent[32], guest[32];
  bool has_report;
  uint32_t agent_state; /* enum transom_agent_state, with a report */
  char report[168];
  uint32_t heads;
};

/* `region`: as --region takes it; "" = none. */
void region_probe(const char *region, struct region_probe *probe);

#endif
