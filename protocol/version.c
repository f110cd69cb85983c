#include "protocol/version.h"

enum transom_compatibility version_check(const struct transom_header *header, uint64_t features_known) {
  if (header->magic != TRANSOM_MAGIC)
    return header->magic ? TRANSOM_FOREIGN : TRANSOM_NOT_FORMATTED;
  if (header->epoch == 0)
    return TRANSOM_NOT_FORMATTED;
  if (header->layout_major < TRANSOM_LAYOUT_MAJOR)
    return TRANSOM_AGENT_TOO_OLD;
  if (header->layout_major > TRANSOM_LAYOUT_MAJOR)
    return TRANSOM_AGENT_TOO_NEW;
  if (header->features_required & ~features_known)
    return TRANSOM_FEATURE_MISSING;
  return TRANSOM_COMPATIBLE;
}

uint64_t version_features_accepted(const struct transom_header *header, uint64_t features_known) {
  return header->features_offered & features_known;
}

const char *version_compatibility_name(enum transom_compatibility compatibility) {
  switch (compatibility) {
  case TRANSOM_COMPATIBLE:
    return "compatible";
  case TRANSOM_NOT_FORMATTED:
    return "not formatted";
  case TRANSOM_FOREIGN:
    return "not ours";
  case TRANSOM_AGENT_TOO_OLD:
    return "agent too old";
  case TRANSOM_AGENT_TOO_NEW:
    return "agent too new";
  case TRANSOM_FEATURE_MISSING:
    return "feature missing";
  }
  return "unknown";
}
