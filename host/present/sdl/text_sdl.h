/* Text to plain pixels by SDL_ttf, for whatever draws it. Control plane, one thread at a time. */
#ifndef TRANSOM_HOST_PRESENT_SDL_TEXT_SDL_H
#define TRANSOM_HOST_PRESENT_SDL_TEXT_SDL_H

#include <stdbool.h>
#include <stdint.h>

struct text_font;

/* How much of each pixel the text covers; rows without gaps. */
struct text_image {
  uint32_t width, height; /* 0 = no text */
  uint8_t *coverage;      /* the image's own */
};

/* DejaVu Sans, or what else is common, from the usual places. NULL: none there. */
struct text_font *text_font_open(int points);
void text_font_close(struct text_font *font); /* NULL is fine */

/* UTF-8, wrapped at `wrap_pixels` and at newlines. Replaces what was in `image`; font NULL or an empty text leave it empty. */
void text_image_render(struct text_image *image, struct text_font *font, const char *text, uint32_t wrap_pixels, bool centred);
void text_image_finish(struct text_image *image);

#endif
