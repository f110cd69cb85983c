/* What the window's thread and the presenting thread tell each other: the newest word counts, nothing is queued. Any thread.
 *
 * Where both are one thread (SDL_Renderer) the words go the same way. Whoever posts wakes the other side by the viewer's own means. */
#ifndef TRANSOM_HOST_APP_WINDOW_POST_H
#define TRANSOM_HOST_APP_WINDOW_POST_H

#include "host/present/picture_layout.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The guest's pointer, in pixels of the picture. */
struct window_post_pointer {
  bool visible;
  int32_t x, y;
};

struct window_post {
  pthread_mutex_t lock;
  /* to the window */
  bool has_layout, has_title;
  struct picture_layout layout;
  char title[256];
  struct window_post_pointer pointer;
  /* from the window */
  bool has_size, fullscreen, has_hint;
  uint32_t width, height;
  char hint[256];
  const char *capture, *sink; /* names of constants; NULL = this viewer only watches */
  uint32_t leds;              /* enum input_led */
};

void window_post_init(struct window_post *post);
void window_post_finish(struct window_post *post);

/* From the presenting thread. Each says whether that is news: then the window's thread is to be woken. */
bool window_post_layout(struct window_post *post, const struct picture_layout *layout);
bool window_post_title(struct window_post *post, const char *title);
bool window_post_pointer(struct window_post *post, struct window_post_pointer pointer); /* news: only whether it is visible */

/* On the window's thread. False: nothing of the kind (any more). */
bool window_post_take_title(struct window_post *post, char *title, size_t capacity);
bool window_post_get_layout(struct window_post *post, struct picture_layout *layout);
struct window_post_pointer window_post_get_pointer(struct window_post *post);

/* The other way: the window's size in physical pixels. take: false = unchanged since the last take. */
void window_post_size(struct window_post *post, uint32_t width, uint32_t height, bool fullscreen);
bool window_post_take_size(struct window_post *post, uint32_t *width, uint32_t *height, bool *fullscreen);

/* And what input has to say: a line over the picture, the names of state and sink for the figures, and the guest's locks. */
void window_post_hint(struct window_post *post, const char *text);
bool window_post_take_hint(struct window_post *post, char *text, size_t capacity);
void window_post_input(struct window_post *post, const char *capture, const char *sink, uint32_t leds);
void window_post_get_input(struct window_post *post, const char **capture, const char **sink, uint32_t *leds);

#endif
