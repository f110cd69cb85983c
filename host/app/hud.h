/* The HUD: how much of it is shown, and its text from two looks at the figures. Pure. */
#ifndef TRANSOM_HOST_APP_HUD_H
#define TRANSOM_HOST_APP_HUD_H

#include "host/app/settings.h"
#include "host/app/viewer_stats.h"

#define HUD_BYTES 1024u
#define HUD_PERIOD_NS UINT64_C(500000000) /* between two looks, while it is shown */

/* Its hotkey goes round: off, text, text and graph. */
enum hud_mode { HUD_OFF, HUD_TEXT, HUD_GRAPH, HUD_MODES };

static inline enum hud_mode hud_first_mode(const struct view_settings *settings) {
  return settings->hud_graph ? HUD_GRAPH : settings->hud ? HUD_TEXT : HUD_OFF;
}

static inline enum hud_mode hud_next_mode(enum hud_mode mode) { return (enum hud_mode)((mode + 1) % HUD_MODES); }

struct hud {
  enum hud_mode mode;
  uint64_t due_ns;                 /* CLOCK_MONOTONIC: the next look */
  uint64_t elapsed_ms;             /* of the last look */
  struct frame_feed_counts counts; /* of the last look */
};

/* Fills `text` and remembers the figures. */
void hud_format(struct hud *hud, const struct viewer_stats *stats, char text[HUD_BYTES]);

#endif
