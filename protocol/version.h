/* May this consumer read that region? A pure function of two headers; no shared memory is touched.
 *
 * Rules (docs/protocol.md, "Versions"): another major is refused; every minor of our major is accepted, older or newer, because records say
 * their own sizes and sections their own versions; a feature that the agent *requires* and we do not know is refused. */
#ifndef TRANSOM_PROTOCOL_VERSION_H
#define TRANSOM_PROTOCOL_VERSION_H

#include "protocol/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

enum transom_compatibility {
  TRANSOM_COMPATIBLE = 0,
  TRANSOM_NOT_FORMATTED,   /* no magic: no agent has run, or one is formatting just now */
  TRANSOM_FOREIGN,         /* another magic: the region of another program, or junk. No agent of ours formats it unasked */
  TRANSOM_AGENT_TOO_OLD,   /* lower major */
  TRANSOM_AGENT_TOO_NEW,   /* higher major */
  TRANSOM_FEATURE_MISSING, /* the agent requires a feature that we do not know */
};

/* `header` is a private copy. `features_known` are the consumer's own. */
enum transom_compatibility version_check(const struct transom_header *header, uint64_t features_known);

/* What both sides have: written into the consumer's line. */
uint64_t version_features_accepted(const struct transom_header *header, uint64_t features_known);

/* One word for logs and screens: "compatible", "agent too old", ... */
const char *version_compatibility_name(enum transom_compatibility compatibility);

#ifdef __cplusplus
}
#endif
#endif
