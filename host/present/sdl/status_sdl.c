#define LOG_MODULE "present"
#include "host/present/sdl/status_sdl.h"

#include "common/log.h"

#include <SDL_ttf.h>
#include <stdio.h>
#include <stdlib.h>

#define TITLE_POINTS 26
#define DETAIL_POINTS 16
#define MARGIN_PIXELS 40
#define BAR_PADDING_PIXELS 14
#define DIM_ALPHA 150
#define HINT_ALPHA 210

/* DejaVu Sans where Debian, Arch, Fedora and others put it; then what else is common. */
static const char *const font_paths[] = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans.ttf",
    "/usr/local/share/fonts/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/liberation-sans/LiberationSans-Regular.ttf",
    "/usr/share/fonts/noto/NotoSans-Regular.ttf",
};

struct text {
  SDL_Texture *texture;
  int width, height;
};

struct status_sdl {
  SDL_Renderer *renderer;
  bool ttf_started;
  TTF_Font *title_font, *detail_font;
  struct presenter_status status;
  struct text title, detail, hint;
  char hint_words[256];
  int wrapped_at; /* window width that the texts were made for */
};

static TTF_Font *open_font(int points) {
  for (size_t i = 0; i < sizeof font_paths / sizeof *font_paths; i++) {
    TTF_Font *font = TTF_OpenFont(font_paths[i], points);
    if (font)
      return font;
  }
  return NULL;
}

struct status_sdl *status_sdl_create(SDL_Renderer *renderer) {
  struct status_sdl *screen = calloc(1, sizeof *screen);
  if (!screen)
    return NULL;
  screen->renderer = renderer;
  screen->ttf_started = TTF_Init() == 0;
  if (screen->ttf_started) {
    screen->title_font = open_font(TITLE_POINTS);
    screen->detail_font = open_font(DETAIL_POINTS);
  }
  if (screen->title_font)
    TTF_SetFontWrappedAlign(screen->title_font, TTF_WRAPPED_ALIGN_CENTER);
  if (screen->detail_font)
    TTF_SetFontWrappedAlign(screen->detail_font, TTF_WRAPPED_ALIGN_CENTER);
  else
    log_warning("no font for text in the window: install DejaVu Sans (fonts-dejavu-core)");
  return screen;
}

static void forget_text(struct text *text) {
  if (text->texture)
    SDL_DestroyTexture(text->texture);
  *text = (struct text){0};
}

void status_sdl_destroy(struct status_sdl *screen) {
  if (!screen)
    return;
  forget_text(&screen->title);
  forget_text(&screen->detail);
  forget_text(&screen->hint);
  if (screen->title_font)
    TTF_CloseFont(screen->title_font);
  if (screen->detail_font)
    TTF_CloseFont(screen->detail_font);
  if (screen->ttf_started)
    TTF_Quit();
  free(screen);
}

void status_sdl_set(struct status_sdl *screen, const struct presenter_status *status) {
  screen->status = *status;
  screen->wrapped_at = 0;
}

void status_sdl_hint(struct status_sdl *screen, const char *text) {
  snprintf(screen->hint_words, sizeof screen->hint_words, "%s", text);
  screen->wrapped_at = 0;
}

bool status_sdl_hides_picture(const struct status_sdl *screen) { return screen->status.visible && !screen->status.keep_picture; }

static void make_text(struct status_sdl *screen, struct text *text, TTF_Font *font, const char *words, SDL_Color colour, int wrap) {
  forget_text(text);
  if (!font || !words[0])
    return;
  SDL_Surface *surface = TTF_RenderUTF8_Blended_Wrapped(font, words, colour, (Uint32)wrap);
  if (!surface)
    return;
  text->texture = SDL_CreateTextureFromSurface(screen->renderer, surface);
  text->width = surface->w;
  text->height = surface->h;
  SDL_FreeSurface(surface);
}

static void wrap_texts(struct status_sdl *screen, int width) {
  if (screen->wrapped_at == width)
    return;
  int wrap = width > 3 * MARGIN_PIXELS ? width - 2 * MARGIN_PIXELS : width;
  make_text(screen, &screen->title, screen->title_font, screen->status.title, (SDL_Color){240, 240, 240, 255}, wrap);
  make_text(screen, &screen->detail, screen->detail_font, screen->status.detail, (SDL_Color){176, 184, 192, 255}, wrap);
  make_text(screen, &screen->hint, screen->detail_font, screen->hint_words, (SDL_Color){240, 240, 240, 255}, wrap);
  screen->wrapped_at = width;
}

static void draw_text(struct status_sdl *screen, const struct text *text, int width, int y) {
  SDL_Rect to = {(width - text->width) / 2, y, text->width, text->height};
  if (text->texture)
    SDL_RenderCopy(screen->renderer, text->texture, NULL, &to);
}

static void fill(struct status_sdl *screen, const SDL_Rect *where, uint8_t r, uint8_t g, uint8_t b, uint8_t alpha) {
  SDL_SetRenderDrawBlendMode(screen->renderer, alpha == 255 ? SDL_BLENDMODE_NONE : SDL_BLENDMODE_BLEND);
  SDL_SetRenderDrawColor(screen->renderer, r, g, b, alpha);
  SDL_RenderFillRect(screen->renderer, where);
}

/* Above everything, at the upper edge, where games have the least to show. */
static void draw_hint(struct status_sdl *screen, int width) {
  SDL_Rect box = {(width - screen->hint.width) / 2 - BAR_PADDING_PIXELS, BAR_PADDING_PIXELS, screen->hint.width + 2 * BAR_PADDING_PIXELS,
                  screen->hint.height + BAR_PADDING_PIXELS};
  if (!screen->hint.texture)
    return;
  fill(screen, &box, 24, 28, 33, HINT_ALPHA);
  draw_text(screen, &screen->hint, width, box.y + BAR_PADDING_PIXELS / 2);
}

static void draw_status(struct status_sdl *screen, int width, int height) {
  int gap = screen->detail.height ? BAR_PADDING_PIXELS : 0, block = screen->title.height + gap + screen->detail.height;
  int top = (height - block) / 2;
  if (screen->status.keep_picture) {
    SDL_Rect bar = {0, height - block - 2 * BAR_PADDING_PIXELS, width, block + 2 * BAR_PADDING_PIXELS};
    fill(screen, NULL, 0, 0, 0, DIM_ALPHA);
    fill(screen, &bar, 90, 30, 30, 255);
    top = bar.y + BAR_PADDING_PIXELS;
  } else {
    fill(screen, NULL, 24, 28, 33, 255);
  }
  draw_text(screen, &screen->title, width, top);
  draw_text(screen, &screen->detail, width, top + screen->title.height + gap);
}

void status_sdl_draw(struct status_sdl *screen, int width, int height) {
  if (!screen->status.visible && !screen->hint_words[0])
    return;
  wrap_texts(screen, width);
  if (screen->status.visible)
    draw_status(screen, width, height);
  draw_hint(screen, width);
}
