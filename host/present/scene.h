/* What a presenter that draws keeps of everything but the picture: the cursor and the texts over it. The first member of such a presenter;
 * the functions are entries of its struct presenter_impl as they are. */
#ifndef TRANSOM_HOST_PRESENT_SCENE_H
#define TRANSOM_HOST_PRESENT_SCENE_H

#include "host/present/cursor_image.h"
#include "host/present/overlay.h"

struct scene {
  struct presenter base;
  struct overlay *overlay;
  struct cursor_image cursor;
  int32_t cursor_x, cursor_y;
  bool cursor_visible;
};

bool scene_init(struct scene *scene); /* false: out of memory */
void scene_finish(struct scene *scene);

void scene_cursor_move(struct presenter *presenter, int32_t x, int32_t y, bool visible);
void scene_status(struct presenter *presenter, const struct presenter_status *status);
void scene_hint(struct presenter *presenter, const char *text);
void scene_hud(struct presenter *presenter, const char *text);
void scene_graph(struct presenter *presenter, const struct presenter_graph *graph);

#endif
