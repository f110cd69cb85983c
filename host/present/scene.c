#include "host/present/scene.h"

static struct scene *scene_of(struct presenter *presenter) { return (struct scene *)presenter; }

bool scene_init(struct scene *scene) {
  scene->overlay = overlay_create();
  return scene->overlay != NULL;
}

void scene_finish(struct scene *scene) {
  overlay_destroy(scene->overlay);
  scene->overlay = NULL;
}

void scene_cursor_move(struct presenter *presenter, int32_t x, int32_t y, bool visible) {
  struct scene *scene = scene_of(presenter);
  scene->cursor_x = x;
  scene->cursor_y = y;
  scene->cursor_visible = visible;
}

void scene_status(struct presenter *presenter, const struct presenter_status *status) {
  overlay_set_status(scene_of(presenter)->overlay, status);
}

void scene_hint(struct presenter *presenter, const char *text) { overlay_set_hint(scene_of(presenter)->overlay, text); }

void scene_hud(struct presenter *presenter, const char *text) { overlay_set_hud(scene_of(presenter)->overlay, text); }

void scene_graph(struct presenter *presenter, const struct presenter_graph *graph) {
  overlay_set_graph(scene_of(presenter)->overlay, graph);
}
