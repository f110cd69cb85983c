/* A bar graph of the last seconds, as plain values: what a HUD shows below its text. Each column is a stack of parts, the first at the
 * bottom; below the axis each has marks for frames that were not shown. A presenter draws it; who fills it knows what the parts are. */
#ifndef TRANSOM_HOST_PRESENT_PRESENTER_GRAPH_H
#define TRANSOM_HOST_PRESENT_PRESENTER_GRAPH_H

#include <stdint.h>

#define PRESENTER_GRAPH_COLUMNS 50u
#define PRESENTER_GRAPH_PARTS 4u
#define PRESENTER_GRAPH_LEGEND_LINES (PRESENTER_GRAPH_PARTS + 4u) /* a heading, the parts from the top, the whole, missed, skipped */
#define PRESENTER_GRAPH_TEXT_BYTES 384u

struct presenter_graph {
  struct {
    uint64_t parts_ns[PRESENTER_GRAPH_PARTS];
    uint32_t missed, skipped;         /* frames */
  } columns[PRESENTER_GRAPH_COLUMNS]; /* oldest first */
  uint64_t full_ns;                   /* the height of the plot; at least as high as any stack */
  uint64_t p50_ns, p99_ns;            /* lines across the plot; 0 = none */
  char scale_full[32], scale_half[32];
  char names[PRESENTER_GRAPH_TEXT_BYTES], figures[PRESENTER_GRAPH_TEXT_BYTES]; /* the legend: PRESENTER_GRAPH_LEGEND_LINES lines each */
};

#endif
