#include "host/present/sdl/text_sdl.h"

#include <SDL_ttf.h>
#include <stdlib.h>

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

struct text_font {
  TTF_Font *ttf;
};

struct text_font *text_font_open(int points) {
  struct text_font *font = calloc(1, sizeof *font);
  if (!font || TTF_Init() != 0) {
    free(font);
    return NULL;
  }
  for (size_t i = 0; i < sizeof font_paths / sizeof *font_paths && !font->ttf; i++)
    font->ttf = TTF_OpenFont(font_paths[i], points);
  if (font->ttf)
    return font;
  TTF_Quit();
  free(font);
  return NULL;
}

void text_font_close(struct text_font *font) {
  if (!font)
    return;
  TTF_CloseFont(font->ttf);
  TTF_Quit();
  free(font);
}

static uint8_t alpha_at(const SDL_Surface *surface, int x, int y) {
  const uint32_t *row = (const void *)((const uint8_t *)surface->pixels + (size_t)y * (size_t)surface->pitch);
  return (uint8_t)((row[x] & surface->format->Amask) >> surface->format->Ashift);
}

static bool is_blank(const SDL_Surface *surface, int x) {
  for (int y = 0; y < surface->h; y++)
    if (alpha_at(surface, x, y))
      return false;
  return true;
}

/* Several lines come as wide as they might have been: what is empty at both sides is left out. */
static void take_alpha(struct text_image *image, const SDL_Surface *surface) {
  int left = 0, right = surface->w;
  while (left < right && is_blank(surface, left))
    left++;
  while (right > left && is_blank(surface, right - 1))
    right--;
  size_t width = (size_t)(right - left);
  uint8_t *coverage = width ? malloc(width * (size_t)surface->h) : NULL;
  if (!coverage)
    return;
  for (int y = 0; y < surface->h; y++)
    for (int x = left; x < right; x++)
      coverage[(size_t)y * width + (size_t)(x - left)] = alpha_at(surface, x, y);
  *image = (struct text_image){(uint32_t)width, (uint32_t)surface->h, coverage};
}

void text_image_render(struct text_image *image, struct text_font *font, const char *text, uint32_t wrap_pixels, bool centred) {
  text_image_finish(image);
  if (!font || !text[0])
    return;
  TTF_SetFontWrappedAlign(font->ttf, centred ? TTF_WRAPPED_ALIGN_CENTER : TTF_WRAPPED_ALIGN_LEFT);
  SDL_Surface *surface = TTF_RenderUTF8_Blended_Wrapped(font->ttf, text, (SDL_Color){255, 255, 255, 255}, wrap_pixels);
  if (!surface)
    return;
  take_alpha(image, surface);
  SDL_FreeSurface(surface);
}

void text_image_finish(struct text_image *image) {
  free(image->coverage);
  *image = (struct text_image){0};
}
