#define LOG_MODULE "present"
#include "host/present/sdl/presenter_sdl.h"

#include "common/log.h"
#include "host/present/pixel_convert.h"
#include "host/present/present_fault.h"
#include "host/present/scene.h"

#include <SDL.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONVERT_ROWS 64u /* converted at a time: a 4K band is 1 MiB, which stays in the cache between the two copies */

struct image {
  struct presenter_picture picture;
  SDL_Texture *texture;
};

struct presenter_sdl {
  struct scene scene;
  struct presenter_impl impl; /* without level() where this renderer cannot draw into a texture */
  SDL_Window *window;
  SDL_Renderer *renderer;
  SDL_RendererInfo info;
  struct presenter_options options;
  SDL_Texture *text_textures[OVERLAY_TEXTS];
  uint32_t text_versions[OVERLAY_TEXTS];
  uint32_t presented;
  uint32_t frames; /* for PRESENT_FAULT_LOST_SDL */
  struct image incoming, shown;
  struct pixel_convert *convert; /* created with the first picture that needs it */
  uint8_t *band;                 /* CONVERT_ROWS of the widest picture converted so far */
  uint32_t band_width;
  uint32_t cursor_pixels[CURSOR_IMAGE_PIXELS];
  SDL_Texture *cursor_texture;
};

static struct presenter_sdl *self_of(struct presenter *presenter) { return (struct presenter_sdl *)presenter; }

/* SDL has no texture format for the other two: they are converted on the way to ARGB8888. */
static bool is_native(enum transom_format format) { return format == TRANSOM_FORMAT_BGRA8 || format == TRANSOM_FORMAT_RGBA8; }

static bool ready_to_convert(struct presenter_sdl *self, uint32_t width) {
  if (!self->convert && !(self->convert = pixel_convert_create()))
    return false;
  if (self->band_width >= width)
    return true;
  uint8_t *band = realloc(self->band, (size_t)width * CONVERT_ROWS * 4);
  if (!band)
    return false;
  self->band = band;
  self->band_width = width;
  return true;
}

static bool too_large(const struct presenter_sdl *self, const struct presenter_picture *picture) {
  return (self->info.max_texture_width > 0 && picture->width > (uint32_t)self->info.max_texture_width) ||
         (self->info.max_texture_height > 0 && picture->height > (uint32_t)self->info.max_texture_height);
}

static int begin_frame(struct presenter *presenter, const struct presenter_picture *picture) {
  struct presenter_sdl *self = self_of(presenter);
  struct image *image = &self->incoming;
  if (image->texture && presenter_picture_equal(picture, &image->picture))
    return 0;
  if (too_large(self, picture))
    return -EINVAL;
  if (!is_native(picture->format) && !ready_to_convert(self, picture->width))
    return -ENOMEM;
  uint32_t format = picture->format == TRANSOM_FORMAT_RGBA8 ? SDL_PIXELFORMAT_ABGR8888 : SDL_PIXELFORMAT_ARGB8888;
  int access = self->impl.level ? SDL_TEXTUREACCESS_TARGET : SDL_TEXTUREACCESS_STATIC;
  SDL_Texture *texture = SDL_CreateTexture(self->renderer, format, access, (int)picture->width, (int)picture->height);
  if (!texture)
    return -ENOMEM;
  SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_NONE); /* alpha is undefined */
  if (image->texture)
    SDL_DestroyTexture(image->texture);
  *image = (struct image){*picture, texture};
  return 0;
}

/* What a frame changed comes out of the region once; the other texture gets it from here. */
static enum presenter_result level(struct presenter *presenter, const struct transom_rect *rects, uint32_t count) {
  struct presenter_sdl *self = self_of(presenter);
  if (SDL_SetRenderTarget(self->renderer, self->incoming.texture) != 0)
    return PRESENTER_FAILED;
  bool drawn = true;
  for (uint32_t i = 0; i < count; i++) {
    SDL_Rect rect = {rects[i].x, rects[i].y, rects[i].width, rects[i].height};
    drawn &= SDL_RenderCopy(self->renderer, self->shown.texture, &rect, &rect) == 0;
  }
  drawn &= SDL_SetRenderTarget(self->renderer, NULL) == 0; /* draws */
  return drawn ? PRESENTER_OK : PRESENTER_FAILED;
}

static bool upload_converted(struct presenter_sdl *self, const volatile uint8_t *from, uint32_t pitch_bytes, const SDL_Rect *rect) {
  const struct presenter_picture *picture = &self->incoming.picture;
  bool pq = picture->flags & TRANSOM_FRAME_PQ;
  for (int done = 0; done < rect->h; done += (int)CONVERT_ROWS) {
    int rows = rect->h - done < (int)CONVERT_ROWS ? rect->h - done : (int)CONVERT_ROWS;
    for (int y = 0; y < rows; y++)
      pixel_convert_row(self->convert, picture->format, pq, from + (size_t)(done + y) * pitch_bytes, self->band + (size_t)y * rect->w * 4,
                        (uint32_t)rect->w);
    SDL_Rect part = {rect->x, rect->y + done, rect->w, rows};
    if (SDL_UpdateTexture(self->incoming.texture, &part, self->band, rect->w * 4) != 0)
      return false;
  }
  return true;
}

static enum presenter_result upload(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                    const struct transom_rect *rects, uint32_t count) {
  struct presenter_sdl *self = self_of(presenter);
  size_t pixel_bytes = self->incoming.picture.format == TRANSOM_FORMAT_RGBA16F ? 8 : 4;
  if (self->frames++ > PRESENT_FAULT_FRAMES && present_fault(PRESENT_FAULT_LOST_SDL))
    return PRESENTER_FAILED;
  for (uint32_t i = 0; i < count; i++) {
    SDL_Rect rect = {rects[i].x, rects[i].y, rects[i].width, rects[i].height};
    const volatile uint8_t *from = pixels + (size_t)rect.y * pitch_bytes + (size_t)rect.x * pixel_bytes;
    bool done = is_native(self->incoming.picture.format)
                    ? SDL_UpdateTexture(self->incoming.texture, &rect, (const void *)(uintptr_t)from, (int)pitch_bytes) == 0
                    : upload_converted(self, from, pitch_bytes, &rect);
    if (!done)
      return PRESENTER_FAILED;
  }
  return PRESENTER_OK;
}

static void commit(struct presenter *presenter) {
  struct presenter_sdl *self = self_of(presenter);
  struct image before = self->shown;
  self->shown = self->incoming;
  self->incoming = before;
}

static void cursor_shape(struct presenter *presenter, const struct transom_cursor_shape *shape, const uint8_t *pixels) {
  struct presenter_sdl *self = self_of(presenter);
  bool same_size = self->cursor_texture && self->scene.cursor.width == shape->width && self->scene.cursor.height == shape->height;
  cursor_image_load(&self->scene.cursor, shape, pixels);
  cursor_image_flatten(&self->scene.cursor, self->cursor_pixels);
  if (!same_size) {
    if (self->cursor_texture)
      SDL_DestroyTexture(self->cursor_texture);
    self->cursor_texture =
        SDL_CreateTexture(self->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC, (int)shape->width, (int)shape->height);
  }
  if (!self->cursor_texture)
    return;
  SDL_SetTextureBlendMode(self->cursor_texture, SDL_BLENDMODE_BLEND);
  SDL_UpdateTexture(self->cursor_texture, NULL, self->cursor_pixels, (int)shape->width * 4);
}

/* SDL's renderer follows its window by itself. */
static void resize(struct presenter *presenter, uint32_t width, uint32_t height, bool fullscreen) {
  (void)presenter;
  (void)fullscreen;
  (void)width;
  (void)height;
}

static bool layout(const struct presenter *presenter, struct picture_layout *layout) {
  const struct presenter_sdl *self = (const struct presenter_sdl *)presenter;
  const struct presenter_picture *picture = &self->shown.picture;
  int width, height;
  if (!self->shown.texture || SDL_GetRendererOutputSize(self->renderer, &width, &height) != 0 || width < 1 || height < 1)
    return false;
  *layout =
      picture_layout_place(self->options.scaling, (uint32_t)width, (uint32_t)height, picture->width, picture->height, picture->rotation);
  return true;
}

static void draw_now(struct presenter_sdl *self) { SDL_RenderFlush(self->renderer); }

/* SDL's OpenGL renderer (seen in 2.26) binds the texture here without noting it, and later takes the one that it noted for bound: the
 * texture has to be drawn next, and by draw_now(), before another one is set. And it does so in whatever OpenGL context is current, which
 * is another window's where that drew last: drawing what there is makes it ours. */
static void set_scaling(struct presenter_sdl *self, SDL_Texture *texture, const struct picture_layout *at) {
  SDL_ScaleMode wanted = at->nearest ? SDL_ScaleModeNearest : SDL_ScaleModeLinear, mode;
  if (SDL_GetTextureScaleMode(texture, &mode) == 0 && mode == wanted)
    return;
  SDL_RenderDrawPoint(self->renderer, -1, -1); /* an empty queue would be left alone */
  draw_now(self);
  SDL_SetTextureScaleMode(texture, wanted);
}

static void draw_picture(struct presenter_sdl *self, const struct picture_layout *at) {
  uint32_t rotation = self->shown.picture.rotation;
  SDL_Rect to = {at->x, at->y, (int)at->width, (int)at->height};
  set_scaling(self, self->shown.texture, at);
  if (rotation & 1) /* SDL turns about the middle of the rectangle before the turn */
    to = (SDL_Rect){at->x + ((int)at->width - (int)at->height) / 2, at->y + ((int)at->height - (int)at->width) / 2, (int)at->height,
                    (int)at->width};
  if (rotation)
    SDL_RenderCopyEx(self->renderer, self->shown.texture, NULL, &to, 90.0 * rotation, NULL, SDL_FLIP_NONE);
  else
    SDL_RenderCopy(self->renderer, self->shown.texture, NULL, &to);
  draw_now(self);
}

static void draw_cursor(struct presenter_sdl *self, const struct picture_layout *at) {
  if (!self->scene.cursor_visible || !self->cursor_texture)
    return;
  double scale_x = (double)at->width / at->picture_width, scale_y = (double)at->height / at->picture_height;
  SDL_FRect to = {(float)(at->x + (self->scene.cursor_x - (double)self->scene.cursor.hot_x) * scale_x),
                  (float)(at->y + (self->scene.cursor_y - (double)self->scene.cursor.hot_y) * scale_y),
                  (float)(self->scene.cursor.width * scale_x), (float)(self->scene.cursor.height * scale_y)};
  SDL_Rect clip = {at->x, at->y, (int)at->width, (int)at->height};
  set_scaling(self, self->cursor_texture, at);
  SDL_RenderSetClipRect(self->renderer, &clip);
  SDL_RenderCopyF(self->renderer, self->cursor_texture, NULL, &to);
  SDL_RenderSetClipRect(self->renderer, NULL);
  draw_now(self);
}

static void clear(struct presenter_sdl *self) {
  SDL_SetRenderDrawBlendMode(self->renderer, SDL_BLENDMODE_NONE);
  SDL_SetRenderDrawColor(self->renderer, 0, 0, 0, 255);
  SDL_RenderClear(self->renderer);
}

/* White with the text's coverage as alpha: drawing gives it its colour. */
static SDL_Texture *create_text(struct presenter_sdl *self, const struct text_image *image) {
  size_t count = (size_t)image->width * image->height;
  uint32_t *pixels = malloc(count * 4);
  SDL_Texture *texture =
      pixels ? SDL_CreateTexture(self->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC, (int)image->width, (int)image->height)
             : NULL;
  if (texture) {
    for (size_t i = 0; i < count; i++)
      pixels[i] = (uint32_t)image->coverage[i] << 24 | 0xffffff;
    SDL_UpdateTexture(texture, NULL, pixels, (int)image->width * 4);
    SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_BLEND);
  }
  free(pixels);
  return texture;
}

static void draw_text(struct presenter_sdl *self, const struct overlay_item *item) {
  uint32_t version;
  const struct text_image *image = overlay_image(self->scene.overlay, item->text, &version);
  SDL_Texture **texture = &self->text_textures[item->text];
  if (version != self->text_versions[item->text]) {
    if (*texture)
      SDL_DestroyTexture(*texture);
    *texture = create_text(self, image);
    self->text_versions[item->text] = version;
  }
  if (!*texture)
    return;
  SDL_Rect to = {item->x, item->y, (int)item->width, (int)item->height};
  SDL_SetTextureColorMod(*texture, item->red, item->green, item->blue);
  SDL_RenderCopy(self->renderer, *texture, NULL, &to);
}

static void draw_plain(struct presenter_sdl *self, const struct overlay_item *item) {
  SDL_Rect where = {item->x, item->y, (int)item->width, (int)item->height};
  SDL_SetRenderDrawBlendMode(self->renderer, item->alpha == 255 ? SDL_BLENDMODE_NONE : SDL_BLENDMODE_BLEND);
  SDL_SetRenderDrawColor(self->renderer, item->red, item->green, item->blue, item->alpha);
  SDL_RenderFillRect(self->renderer, &where);
}

static void draw_overlay(struct presenter_sdl *self) {
  struct overlay_item items[OVERLAY_ITEMS_MAX];
  int width = 0, height = 0;
  SDL_GetRendererOutputSize(self->renderer, &width, &height);
  if (width < 1 || height < 1)
    return;
  uint32_t count = overlay_layout(self->scene.overlay, (uint32_t)width, (uint32_t)height, items);
  for (uint32_t i = 0; i < count; i++) {
    if (items[i].text == OVERLAY_PLAIN)
      draw_plain(self, &items[i]);
    else
      draw_text(self, &items[i]);
  }
}

static enum presenter_result present(struct presenter *presenter) {
  struct presenter_sdl *self = self_of(presenter);
  struct picture_layout at;
  clear(self);
  if (!overlay_hides_picture(self->scene.overlay) && layout(presenter, &at)) {
    draw_picture(self, &at);
    draw_cursor(self, &at);
  }
  draw_overlay(self);
  SDL_RenderPresent(self->renderer);
  self->presented++;
  return PRESENTER_OK;
}

static uint32_t pictures(const struct presenter *presenter) { return ((const struct presenter_sdl *)presenter)->presented; }

/* Draws the picture 1:1 into a texture of its own and reads that: what the device really holds, whatever the window's size. */
static int read_target(struct presenter_sdl *self, bool with_cursor, const struct picture_layout *at, uint8_t *pixels) {
  SDL_Texture *target =
      SDL_CreateTexture(self->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_TARGET, (int)at->width, (int)at->height);
  if (!target)
    return -EIO;
  int error = -EIO;
  if (SDL_SetRenderTarget(self->renderer, target) == 0) {
    clear(self);
    draw_picture(self, at);
    if (with_cursor)
      draw_cursor(self, at);
    if (SDL_RenderReadPixels(self->renderer, NULL, SDL_PIXELFORMAT_ARGB8888, pixels, (int)at->width * 4) == 0)
      error = 0;
    SDL_SetRenderTarget(self->renderer, NULL);
  }
  SDL_DestroyTexture(target);
  return error;
}

static int read_back(struct presenter *presenter, bool with_cursor, struct presenter_image *image) {
  struct presenter_sdl *self = self_of(presenter);
  const struct presenter_picture *picture = &self->shown.picture;
  if (!self->shown.texture)
    return -ENODATA;
  struct picture_layout at = picture_layout_upright(picture->width, picture->height, picture->rotation);
  size_t bytes = (size_t)at.width * at.height * 4;
  uint8_t *pixels = malloc(bytes);
  if (!pixels)
    return -ENOMEM;
  int error = read_target(self, with_cursor, &at, pixels);
  if (error) {
    free(pixels);
    return error;
  }
  for (size_t i = 3; i < bytes; i += 4)
    pixels[i] = 255;
  *image = (struct presenter_image){at.width, at.height, pixels};
  return 0;
}

static void destroy(struct presenter *presenter) {
  struct presenter_sdl *self = self_of(presenter);
  SDL_Texture *textures[] = {self->incoming.texture, self->shown.texture, self->cursor_texture};
  for (size_t i = 0; i < sizeof textures / sizeof *textures; i++)
    if (textures[i])
      SDL_DestroyTexture(textures[i]);
  for (size_t i = 0; i < OVERLAY_TEXTS; i++)
    if (self->text_textures[i])
      SDL_DestroyTexture(self->text_textures[i]);
  scene_finish(&self->scene);
  if (self->renderer)
    SDL_DestroyRenderer(self->renderer);
  pixel_convert_destroy(self->convert);
  free(self->band);
  free(self);
}

static const struct presenter_impl impl = {
    .name = "sdl",
    .thread = PRESENTER_MAIN_THREAD,
    .begin_frame = begin_frame,
    .level = level,
    .upload = upload,
    .commit = commit,
    .cursor_shape = cursor_shape,
    .cursor_move = scene_cursor_move,
    .status = scene_status,
    .hint = scene_hint,
    .hud = scene_hud,
    .graph = scene_graph,
    .resize = resize,
    .present = present,
    .pictures = pictures,
    .layout = layout,
    .read_back = read_back,
    .destroy = destroy,
};

struct presenter *presenter_sdl_create(void *window, const struct presenter_options *options, char *error, size_t capacity) {
  struct presenter_sdl *self = calloc(1, sizeof *self);
  if (!self) {
    snprintf(error, capacity, "cannot create the SDL presenter: out of memory");
    return NULL;
  }
  self->impl = impl;
  self->scene.base.impl = &self->impl;
  self->options = *options;
  self->window = window;
  self->renderer = SDL_CreateRenderer(window, -1, 0); /* no vsync: it would hold every frame for up to a refresh */
  bool draws = self->renderer && SDL_GetRendererInfo(self->renderer, &self->info) == 0 && !present_fault(PRESENT_FAULT_SDL);
  if (!(self->info.flags & SDL_RENDERER_TARGETTEXTURE))
    self->impl.level = NULL;
  if (!draws || !scene_init(&self->scene)) {
    snprintf(error, capacity, "cannot draw into the window: %s; try SDL_RENDER_DRIVER=software", SDL_GetError());
    destroy(&self->scene.base);
    return NULL;
  }
  log_info("presenting by SDL_Renderer (%s)", self->info.name);
  return &self->scene.base;
}
