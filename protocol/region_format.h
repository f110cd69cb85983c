/* The agent's side of a region: plan what goes where, format it, say goodbye. Called from the agent's one thread.
 *
 * Formatting is an ordinary event: first start, restart after a crash, a mode that no longer fits. The old epoch is zeroed first, so that
 * every consumer stops writing and drops what it cached; the magic is stored last. */
#ifndef TRANSOM_PROTOCOL_REGION_FORMAT_H
#define TRANSOM_PROTOCOL_REGION_FORMAT_H

#include "protocol/layout.h"
#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the agent wants. slot_count 0 = as the region allows: 3, or 2 where three slots of the largest mode do not fit. */
struct transom_region_request {
  uint32_t head_count;                         /* 1 .. TRANSOM_HEADS_MAX */
  uint32_t slot_count;                         /* 0, or TRANSOM_SLOTS_MIN .. TRANSOM_SLOTS_MAX */
  uint64_t frame_bytes_max[TRANSOM_HEADS_MAX]; /* the largest frame to fit: pitch * height; a head's slots get at least this */
  uint64_t features_offered;
  uint64_t features_required;
  const char *agent_name; /* cut to 31 bytes */
  const char *guest_name;
};

/* Where everything goes; offsets from the region's start. Plain data. */
struct transom_region_plan {
  uint64_t region_bytes;
  uint32_t section_count;
  struct transom_section sections[TRANSOM_SECTIONS_MAX];
  uint32_t head_count;
  uint32_t slot_count;
  uint64_t slot_bytes[TRANSOM_HEADS_MAX];
  uint64_t slots_offset[TRANSOM_HEADS_MAX];
};

/* Bytes a region must have for `request` (not rounded to a power of two). */
uint64_t region_bytes_needed(const struct transom_region_request *request);

/* 0; -ENOSPC when the region is too small (region_bytes_needed() says how much it takes); -EINVAL for a request out of bounds.
 * With one head, slots grow to use the whole region, so that most mode changes need no new format. */
int region_plan(uint64_t region_bytes, const struct transom_region_request *request, struct transom_region_plan *plan);

/* Formats. `epoch` is random and not 0. On return the region is attachable (an agent may as well use validate_attach() on its own work)
 * and `*region` is filled as validate_attach() would. 0 or -EINVAL. Never touches the host area. */
int region_format(volatile void *base, const struct transom_region_request *request, const struct transom_region_plan *plan, uint64_t epoch,
                  struct transom_region *region);

/* Zeroes the epoch: the last thing an agent does that leaves for good. */
void region_close(struct transom_region *region);

/* Writes state and one line for the user (cut to 167 bytes) into the status section; `sequence` is the caller's running number from 1. */
void region_set_status(struct transom_region *region, uint64_t sequence, enum transom_agent_state state, const char *text);

#ifdef __cplusplus
}
#endif
#endif
