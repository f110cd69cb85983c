/* Sets of damaged rectangles, at most TRANSOM_DAMAGE_MAX, merged when there would be more. Pure arithmetic; never touches a region. */
#ifndef TRANSOM_PROTOCOL_DAMAGE_H
#define TRANSOM_PROTOCOL_DAMAGE_H

#include "protocol/layout.h"

#ifndef __cplusplus
#include <stdbool.h>
#else
extern "C" {
#endif

/* Covers at least what was added: merging may grow it, never shrink it. All zero = empty. */
struct transom_damage {
  bool full;
  uint32_t count;
  struct transom_rect rects[TRANSOM_DAMAGE_MAX];
};

void damage_clear(struct transom_damage *damage);
void damage_add(struct transom_damage *damage, struct transom_rect rect); /* empty rectangles are ignored */
void damage_add_all(struct transom_damage *damage, const struct transom_damage *other);
void damage_set_full(struct transom_damage *damage);
bool damage_is_empty(const struct transom_damage *damage);

/* Pixels covered by the bounding rectangles (overlaps counted once each), or width * height when full. */
uint64_t damage_area(const struct transom_damage *damage, uint32_t width, uint32_t height);

#ifdef __cplusplus
}
#endif
#endif
