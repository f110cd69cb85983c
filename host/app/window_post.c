#include "host/app/window_post.h"

#include <stdio.h>
#include <string.h>

void window_post_init(struct window_post *post) {
  *post = (struct window_post){0};
  pthread_mutex_init(&post->lock, NULL);
}

void window_post_finish(struct window_post *post) { pthread_mutex_destroy(&post->lock); }

bool window_post_layout(struct window_post *post, const struct picture_layout *layout) {
  pthread_mutex_lock(&post->lock);
  const struct picture_layout *old = &post->layout;
  bool news = !post->has_layout || old->x != layout->x || old->y != layout->y || old->width != layout->width ||
              old->height != layout->height || old->picture_width != layout->picture_width || old->picture_height != layout->picture_height;
  post->layout = *layout;
  post->has_layout = true;
  pthread_mutex_unlock(&post->lock);
  return news;
}

bool window_post_title(struct window_post *post, const char *title) {
  pthread_mutex_lock(&post->lock);
  snprintf(post->title, sizeof post->title, "%s", title);
  post->has_title = true;
  pthread_mutex_unlock(&post->lock);
  return true;
}

bool window_post_pointer(struct window_post *post, struct window_post_pointer pointer) {
  pthread_mutex_lock(&post->lock);
  bool news = post->pointer.visible != pointer.visible;
  post->pointer = pointer;
  pthread_mutex_unlock(&post->lock);
  return news;
}

bool window_post_take_title(struct window_post *post, char *title, size_t capacity) {
  pthread_mutex_lock(&post->lock);
  bool taken = post->has_title;
  post->has_title = false;
  if (taken)
    snprintf(title, capacity, "%s", post->title);
  pthread_mutex_unlock(&post->lock);
  return taken;
}

bool window_post_get_layout(struct window_post *post, struct picture_layout *layout) {
  pthread_mutex_lock(&post->lock);
  bool known = post->has_layout;
  if (known)
    *layout = post->layout;
  pthread_mutex_unlock(&post->lock);
  return known;
}

struct window_post_pointer window_post_get_pointer(struct window_post *post) {
  pthread_mutex_lock(&post->lock);
  struct window_post_pointer pointer = post->pointer;
  pthread_mutex_unlock(&post->lock);
  return pointer;
}

void window_post_size(struct window_post *post, uint32_t width, uint32_t height, bool fullscreen) {
  pthread_mutex_lock(&post->lock);
  post->width = width;
  post->height = height;
  post->fullscreen = fullscreen;
  post->has_size = true;
  pthread_mutex_unlock(&post->lock);
}

bool window_post_take_size(struct window_post *post, uint32_t *width, uint32_t *height, bool *fullscreen) {
  pthread_mutex_lock(&post->lock);
  bool taken = post->has_size;
  post->has_size = false;
  *width = post->width;
  *height = post->height;
  *fullscreen = post->fullscreen;
  pthread_mutex_unlock(&post->lock);
  return taken;
}

void window_post_hint(struct window_post *post, const char *text) {
  pthread_mutex_lock(&post->lock);
  snprintf(post->hint, sizeof post->hint, "%s", text);
  post->has_hint = true;
  pthread_mutex_unlock(&post->lock);
}

bool window_post_take_hint(struct window_post *post, char *text, size_t capacity) {
  pthread_mutex_lock(&post->lock);
  bool taken = post->has_hint;
  post->has_hint = false;
  if (taken)
    snprintf(text, capacity, "%s", post->hint);
  pthread_mutex_unlock(&post->lock);
  return taken;
}

void window_post_input(struct window_post *post, const char *capture, const char *sink, uint32_t leds) {
  pthread_mutex_lock(&post->lock);
  post->capture = capture;
  post->sink = sink;
  post->leds = leds;
  pthread_mutex_unlock(&post->lock);
}

void window_post_get_input(struct window_post *post, const char **capture, const char **sink, uint32_t *leds) {
  pthread_mutex_lock(&post->lock);
  *capture = post->capture;
  *sink = post->sink;
  *leds = post->leds;
  pthread_mutex_unlock(&post->lock);
}
