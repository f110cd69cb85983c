#define LOG_MODULE "present"
#include "host/present/overlay.h"

#include "common/log.h"

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
#define HUD_ALPHA 190
#define HUD_WRAP_PIXELS 900

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
  uint32_t wrapped_at;     /* window width that the status' texts were made for; 0 = none */
  uint32_t hud_wrapped_at; /* and the HUD's */
};

struct overlay *overlay_create(void) {
  static const int points[OVERLAY_TEXTS] = {TITLE_POINTS, DETAIL_POINTS, DETAIL_POINTS, HUD_POINTS};
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

/* Above everything, at the upper edge, where games have the least to show; below the HUD where there is no room beside it. */
static void add_hint(struct list *list, struct overlay *overlay, uint32_t width) {
  const struct text_image *hint = &overlay->texts[OVERLAY_HINT].image;
  if (!hint->width)
    return;
  int32_t left = centred(width, hint->width), top = BAR_PADDING_PIXELS;
  const struct text_image *hud = &overlay->texts[OVERLAY_HUD].image;
  if (overlay->hud[0] && left - BAR_PADDING_PIXELS < (int32_t)hud->width + 2 * HUD_PADDING_PIXELS)
    top += (int32_t)hud->height + 2 * HUD_PADDING_PIXELS;
  add_plain(list, (struct overlay_item){left - BAR_PADDING_PIXELS, top, hint->width + 2 * BAR_PADDING_PIXELS,
                                        hint->height + BAR_PADDING_PIXELS, 24, 28, 33, HINT_ALPHA, 0});
  add_text(list, overlay, OVERLAY_HINT, left, top + BAR_PADDING_PIXELS / 2, 240, 240, 240);
}

static void add_hud(struct list *list, struct overlay *overlay, uint32_t width) {
  struct text *hud = &overlay->texts[OVERLAY_HUD];
  uint32_t room = width > 4 * HUD_PADDING_PIXELS ? width - 2 * HUD_PADDING_PIXELS : width;
  if (room > HUD_WRAP_PIXELS)
    room = HUD_WRAP_PIXELS;
  if (overlay->hud_wrapped_at != room)
    render(hud, overlay->hud, room, false);
  overlay->hud_wrapped_at = room;
  add_plain(list, (struct overlay_item){.width = hud->image.width + 2 * HUD_PADDING_PIXELS,
                                        .height = hud->image.height + 2 * HUD_PADDING_PIXELS,
                                        .alpha = HUD_ALPHA});
  add_text(list, overlay, OVERLAY_HUD, HUD_PADDING_PIXELS, HUD_PADDING_PIXELS, 220, 235, 220);
}

uint32_t overlay_layout(struct overlay *overlay, uint32_t width, uint32_t height, struct overlay_item items[OVERLAY_ITEMS_MAX]) {
  struct list list = {.items = items};
  if (overlay->status.visible || overlay->hint[0])
    wrap_texts(overlay, width);
  if (overlay->status.visible)
    add_status(&list, overlay, width, height);
  if (overlay->hud[0])
    add_hud(&list, overlay, width);
  if (overlay->hint[0])
    add_hint(&list, overlay, width);
  return list.count;
}

const struct text_image *overlay_image(const struct overlay *overlay, enum overlay_text text, uint32_t *version) {
  *version = overlay->texts[text].version;
  return &overlay->texts[text].image;
}
