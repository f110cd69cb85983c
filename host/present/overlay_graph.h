/* Places the rectangles of a HUD's graph. Pure: the same values give the same rectangles in every presenter.
 *
 *   full ┬ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─      names      figures
 *        │       ▄                ■ part 3        ...
 *   half ┼ ─ ─ ─ █ ─ ─ ─ ─ ─ ─ ─  ■ part 2
 *        │ ▄ ▄ ▄ █ ▄ ▄ ▄ ▄ ▄      ...
 *        └──────────────────────
 *                ▀      marks: missed, and below them skipped
 */
#ifndef TRANSOM_HOST_PRESENT_OVERLAY_GRAPH_H
#define TRANSOM_HOST_PRESENT_OVERLAY_GRAPH_H

#include "host/present/overlay.h"

#define OVERLAY_GRAPH_BAR_PIXELS 6u
#define OVERLAY_GRAPH_COLUMN_PIXELS 7u /* a bar and the gap after it */
#define OVERLAY_GRAPH_PLOT_PIXELS 140u /* height of `full_ns` */
#define OVERLAY_GRAPH_MARK_PIXELS 2u   /* height of one frame that was not shown */
#define OVERLAY_GRAPH_MARKS_MAX 6u     /* of each kind in a column: more look like as many */
#define OVERLAY_GRAPH_ITEMS_MAX                                                                                                            \
  (4u + 4u + PRESENTER_GRAPH_COLUMNS * (PRESENTER_GRAPH_PARTS + 2u) + PRESENTER_GRAPH_LEGEND_LINES + 3u) /* texts, lines, bars, swatches   \
                                                                                                          */

struct overlay_graph_texts { /* images that are made already; sizes are all that counts */
  const struct text_image *scale_full, *scale_half, *names, *figures;
};

struct overlay_graph_size {
  uint32_t width, height;
  bool legend_below; /* the window has no room for it beside the plot */
};

struct overlay_graph_size overlay_graph_size(const struct overlay_graph_texts *texts, uint32_t window_width);

/* With its left upper corner there. The number of items, OVERLAY_GRAPH_ITEMS_MAX at most. */
uint32_t overlay_graph_layout(const struct presenter_graph *graph, const struct overlay_graph_texts *texts, struct overlay_graph_size size,
                              int32_t x, int32_t y, struct overlay_item *items);

#endif
