/* Finds what changed on a screen that does not say: compares tiles with a private copy, and brings the copy up to date on the way.
 *
 * The copy is what gets published, not the screen: so a frame and the damage said of it agree, whatever is drawn meanwhile, and a change
 * that came too late is found by the next comparison. Each row is read from the screen once, by streaming loads (video memory may be
 * write-combining, where plain reads are very slow). Threads: one. tile_compare_update() is data plane. */
#ifndef TRANSOM_GUEST_CORE_TILE_COMPARE_H
#define TRANSOM_GUEST_CORE_TILE_COMPARE_H

#include "protocol/damage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TILE_EDGE 64u /* pixels: 256 bytes of a row; a 1080p screen has 510 tiles */

struct tile_compare {
  uint32_t width, height, pixel_bytes;
  size_t pitch_bytes;
  uint8_t *pixels; /* the copy */
  uint8_t *line;   /* one row as just read */
  uint8_t *dirty;  /* one flag a column of tiles, for the row of tiles at hand */
  bool fresh;      /* nothing was compared yet: the next update is full damage */
};

/* False: out of memory, or sizes beyond the protocol's. */
bool tile_compare_init(struct tile_compare *compare, uint32_t width, uint32_t height, uint32_t pixel_bytes);
void tile_compare_finish(struct tile_compare *compare); /* fine on a zeroed one, and twice */

/* Adds to `damage` what differs from the copy. True when anything did. */
bool tile_compare_update(struct tile_compare *compare, const uint8_t *pixels, size_t pitch_bytes, struct transom_damage *damage);

#endif
