/* What lies over the picture, or instead of it: status screens ("waiting for the agent", or a bar over the dimmed picture) and the HUD, as
 * a list of plain and text rectangles. Presenters draw the list. The presenter's thread; control plane, and nothing at all while it is
 * empty.
 *
 * Without a font (none of the usual places has one) there is no text: the window's title says the same. */
#ifndef TRANSOM_HOST_PRESENT_OVERLAY_H
#define TRANSOM_HOST_PRESENT_OVERLAY_H

#include "host/present/presenter.h"
#include "host/present/sdl/text_sdl.h"

#define OVERLAY_ITEMS_MAX 352u /* 8 of status, hint and the HUD's text, and OVERLAY_GRAPH_ITEMS_MAX */

enum overlay_text {
  OVERLAY_TITLE,
  OVERLAY_DETAIL,
  OVERLAY_HINT,
  OVERLAY_HUD,
  OVERLAY_SCALE_FULL, /* the HUD's graph, as are the next */
  OVERLAY_SCALE_HALF,
  OVERLAY_LEGEND_NAMES,
  OVERLAY_LEGEND_FIGURES,
  OVERLAY_TEXTS,
  OVERLAY_PLAIN = OVERLAY_TEXTS
};

struct overlay_item {
  int32_t x, y; /* in the window, physical pixels; may reach over its edges */
  uint32_t width, height;
  uint8_t red, green, blue, alpha;
  enum overlay_text text; /* what covers it; OVERLAY_PLAIN: all of it is covered */
};

struct overlay;

struct overlay *overlay_create(void); /* NULL: out of memory */
void overlay_destroy(struct overlay *overlay);
void overlay_set_status(struct overlay *overlay, const struct presenter_status *status);
void overlay_set_hint(struct overlay *overlay, const char *text);                     /* a line or two at the upper edge; "" = none */
void overlay_set_hud(struct overlay *overlay, const char *text);                      /* "" = hidden, graph and all */
void overlay_set_graph(struct overlay *overlay, const struct presenter_graph *graph); /* copied; NULL = none */
bool overlay_hides_picture(const struct overlay *overlay);

/* The list for a window of this size, in the order of drawing; its length. Texts are made anew where they have changed. */
uint32_t overlay_layout(struct overlay *overlay, uint32_t width, uint32_t height, struct overlay_item items[OVERLAY_ITEMS_MAX]);

/* A text's pixels, until the next layout. `*version` changes with them. */
const struct text_image *overlay_image(const struct overlay *overlay, enum overlay_text text, uint32_t *version);

#endif
