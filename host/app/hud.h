/* The HUD's text, from two looks at the figures. Pure. */
#ifndef TRANSOM_HOST_APP_HUD_H
#define TRANSOM_HOST_APP_HUD_H

#include "host/app/viewer_stats.h"

#define HUD_BYTES 1024u
#define HUD_PERIOD_NS UINT64_C(500000000) /* between two texts, while it is shown */

struct hud {
  bool visible;
  uint64_t due_ns;                 /* CLOCK_MONOTONIC: the next text */
  uint64_t elapsed_ms;             /* of the last look */
  struct frame_feed_counts counts; /* of the last look */
};

/* Fills `text` and remembers the figures. */
void hud_format(struct hud *hud, const struct viewer_stats *stats, char text[HUD_BYTES]);

#endif
