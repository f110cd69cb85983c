#define LOG_MODULE "present"
#include "host/present/overlay.h"

#include "common/log.h"
#include "host/present/overlay_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_POINTS 26
#define DETAIL_POINTS 16
#define HUD_POINTS 13
#define MARGIN_PIXELS 40
#define BAR_PADDING_PIXELS 14
#define HUD_PADDING_PIXELS 8
#define DIM_ALPHA 150
#define HINT_ALPHA 210
#define HUD_ALPHA 205
#define HUD_WRAP_PIXELS 900

_Static_assert(OVERLAY_ITEMS_MAX >= 8 + OVERLAY_GRAPH_ITEMS_MAX, "everything at once");

struct text {
  struct text_font *font;
  struct text_image image;
  uint32_t version;
};

struct overlay {
  struct text texts[OVERLAY_TEXTS];
  struct presenter_status status;
  char hint[256];
  char hud[1024];
  struct presenter_graph graph;
  bool has_graph;
  uint32_t wrapped_at;            /* window width that the status' texts were made for; 0 = none */
  uint32_t hud_wrapped_at;        /* and the HUD's */
  uint32_t hud_width, hud_height; /* of its panel in the last layout; 0 = none */
};

struct overlay *overlay_create(void) {
  static const int points[OVERLAY_TEXTS] = {TITLE_POINTS, DETAIL_POINTS, DETAIL_POINTS, HUD_POINTS,
                                            HUD_POINTS,   HUD_POINTS,    HUD_POINTS,    HUD_POINTS};
  struct overlay *overlay = calloc(1, sizeof *overlay);
  if (!overlay)
    return NULL;
  for (int i = 0; i < OVERLAY_TEXTS; i++)
    overlay->texts[i].font = text_font_open(points[i]);
  if (!overlay->texts[OVERLAY_DETAIL].font)
    log_warning("no font for text in the window: install DejaVu Sans (fonts-dejavu-core)");
  return overlay;
}

void overlay_destroy(struct overlay *overlay) {
  if (!overlay)
    return;
  for (int i = 0; i < OVERLAY_TEXTS; i++) {
    text_image_finish(&overlay->texts[i].image);
    text_font_close(overlay->texts[i].font);
  }
  free(overlay);
}

void overlay_set_status(struct overlay *overlay, const struct presenter_status *status) {
  overlay->status = *status;
  overlay->wrapped_at = 0;
}

void overlay_set_hint(struct overlay *overlay, const char *text) {
  snprintf(overlay->hint, sizeof overlay->hint, "%s", text);
  overlay->wrapped_at = 0;
}

void overlay_set_hud(struct overlay *overlay, const char *text) {
  if (strcmp(overlay->hud, text) == 0)
    return;
  snprintf(overlay->hud, sizeof overlay->hud, "%s", text);
  overlay->hud_wrapped_at = 0;
}

bool overlay_hides_picture(const struct overlay *overlay) { return overlay->status.visible && !overlay->status.keep_picture; }

static void render(struct text *text, const char *words, uint32_t wrap, bool centred) {
  text_image_render(&text->image, text->font, words, wrap, centred);
  text->version++;
}

void overlay_set_graph(struct overlay *overlay, const struct presenter_graph *graph) {
  struct presenter_graph before = overlay->graph;
  overlay->has_graph = graph != NULL;
  if (!graph)
    return;
  overlay->graph = *graph;
  const struct {
    enum overlay_text text;
    const char *was, *is;
  } words[] = {{OVERLAY_SCALE_FULL, before.scale_full, graph->scale_full},
               {OVERLAY_SCALE_HALF, before.scale_half, graph->scale_half},
               {OVERLAY_LEGEND_NAMES, before.names, graph->names},
               {OVERLAY_LEGEND_FIGURES, before.figures, graph->figures}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i].was, words[i].is) != 0)
      render(&overlay->texts[words[i].text], words[i].is, HUD_WRAP_PIXELS, false);
}

static void wrap_texts(struct overlay *overlay, uint32_t width) {
  if (overlay->wrapped_at == width)
    return;
  uint32_t wrap = width > 3 * MARGIN_PIXELS ? width - 2 * MARGIN_PIXELS : width;
  render(&overlay->texts[OVERLAY_TITLE], overlay->status.title, wrap, true);
  render(&overlay->texts[OVERLAY_DETAIL], overlay->status.detail, wrap, true);
  render(&overlay->texts[OVERLAY_HINT], overlay->hint, wrap, true);
  overlay->wrapped_at = width;
}

struct list {
  struct overlay_item *items;
  uint32_t count;
};

static void add_plain(struct list *list, struct overlay_item item) {
  item.text = OVERLAY_PLAIN;
  list->items[list->count++] = item;
}

static void add_text(struct list *list, const struct overlay *overlay, enum overlay_text which, int32_t x, int32_t y, uint8_t red,
                     uint8_t green, uint8_t blue) {
  const struct text_image *image = &overlay->texts[which].image;
  if (image->width && image->height)
    list->items[list->count++] = (struct overlay_item){x, y, image->width, image->height, red, green, blue, 255, which};
}

static int32_t centred(uint32_t outer, uint32_t inner) { return ((int32_t)outer - (int32_t)inner) / 2; }

static void add_status(struct list *list, struct overlay *overlay, uint32_t width, uint32_t height) {
  const struct text_image *title = &overlay->texts[OVERLAY_TITLE].image, *detail = &overlay->texts[OVERLAY_DETAIL].image;
  uint32_t gap = detail->height ? BAR_PADDING_PIXELS : 0, block = title->height + gap + detail->height;
  int32_t top = centred(height, block);
  if (overlay->status.keep_picture) {
    uint32_t bar = block + 2 * BAR_PADDING_PIXELS;
    add_plain(list, (struct overlay_item){.width = width, .height = height, .alpha = DIM_ALPHA});
    add_plain(list, (struct overlay_item){0, (int32_t)height - (int32_t)bar, width, bar, 90, 30, 30, 255, 0});
    top = (int32_t)height - (int32_t)bar + BAR_PADDING_PIXELS;
  } else {
    add_plain(list, (struct overlay_item){0, 0, width, height, 24, 28, 33, 255, 0});
  }
  add_text(list, overlay, OVERLAY_TITLE, centred(width, title->width), top, 240, 240, 240);
  add_text(list, overlay, OVERLAY_DETAIL, centred(width, detail->width), top + (int32_t)(title->height + gap), 176, 184, 192);
}

/* Above everything, at the upper edge, where games have the least to show; below the HUD where there is no room beside it, but in the
 * window in any case. */
static void add_hint(struct list *list, struct overlay *overlay, uint32_t width, uint32_t height) {
  const struct text_image *hint = &overlay->texts[OVERLAY_HINT].image;
  if (!hint->width)
    return;
  int32_t left = centred(width, hint->width), top = BAR_PADDING_PIXELS;
  if (left - BAR_PADDING_PIXELS < (int32_t)overlay->hud_width)
    top += (int32_t)overlay->hud_height;
  int32_t lowest = (int32_t)height - (int32_t)(hint->height + 2 * BAR_PADDING_PIXELS);
  if (top > lowest)
    top = lowest > BAR_PADDING_PIXELS ? lowest : BAR_PADDING_PIXELS;
  add_plain(list, (struct overlay_item){left - BAR_PADDING_PIXELS, top, hint->width + 2 * BAR_PADDING_PIXELS,
                                        hint->height + BAR_PADDING_PIXELS, 24, 28, 33, HINT_ALPHA, 0});
  add_text(list, overlay, OVERLAY_HINT, left, top + BAR_PADDING_PIXELS / 2, 240, 240, 240);
}

static struct overlay_graph_texts graph_texts(const struct overlay *overlay) {
  const struct text *texts = overlay->texts;
  return (struct overlay_graph_texts){&texts[OVERLAY_SCALE_FULL].image, &texts[OVERLAY_SCALE_HALF].image,
                                      &texts[OVERLAY_LEGEND_NAMES].image, &texts[OVERLAY_LEGEND_FIGURES].image};
}

static uint32_t hud_room(uint32_t width) { return width > 4 * HUD_PADDING_PIXELS ? width - 2 * HUD_PADDING_PIXELS : width; }

static void make_hud_text(struct overlay *overlay, uint32_t room) {
  if (room > HUD_WRAP_PIXELS)
    room = HUD_WRAP_PIXELS;
  if (overlay->hud_wrapped_at != room)
    render(&overlay->texts[OVERLAY_HUD], overlay->hud, room, false);
  overlay->hud_wrapped_at = room;
}

/* The panel in the corner: text, and below it the graph. */
static void add_hud(struct list *list, struct overlay *overlay, uint32_t width) {
  const struct text_image *text = &overlay->texts[OVERLAY_HUD].image;
  struct overlay_graph_texts texts = graph_texts(overlay);
  struct overlay_graph_size graph = {0};
  uint32_t room = hud_room(width);
  make_hud_text(overlay, room);
  uint32_t graph_top = text->height + (text->height ? 2 * HUD_PADDING_PIXELS : 0), inner_height = text->height;
  if (overlay->has_graph) {
    graph = overlay_graph_size(&texts, room);
    inner_height = graph_top + graph.height;
  }
  uint32_t inner_width = graph.width > text->width ? graph.width : text->width;
  add_plain(list, (struct overlay_item){
                      .width = inner_width + 2 * HUD_PADDING_PIXELS, .height = inner_height + 2 * HUD_PADDING_PIXELS, .alpha = HUD_ALPHA});
  add_text(list, overlay, OVERLAY_HUD, HUD_PADDING_PIXELS, HUD_PADDING_PIXELS, 220, 235, 220);
  if (overlay->has_graph)
    list->count += overlay_graph_layout(&overlay->graph, &texts, graph, HUD_PADDING_PIXELS, (int32_t)(HUD_PADDING_PIXELS + graph_top),
                                        list->items + list->count);
  overlay->hud_width = inner_width + 2 * HUD_PADDING_PIXELS;
  overlay->hud_height = inner_height + 2 * HUD_PADDING_PIXELS;
}

uint32_t overlay_layout(struct overlay *overlay, uint32_t width, uint32_t height, struct overlay_item items[OVERLAY_ITEMS_MAX]) {
  struct list list = {.items = items};
  if (overlay->status.visible || overlay->hint[0])
    wrap_texts(overlay, width);
  if (overlay->status.visible)
    add_status(&list, overlay, width, height);
  overlay->hud_width = overlay->hud_height = 0;
  if (overlay->hud[0])
    add_hud(&list, overlay, width);
  if (overlay->hint[0])
    add_hint(&list, overlay, width, height);
  return list.count;
}

const struct text_image *overlay_image(const struct overlay *overlay, enum overlay_text text, uint32_t *version) {
  *version = overlay->texts[text].version;
  return &overlay->texts[text].image;
}
