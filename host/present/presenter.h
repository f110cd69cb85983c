/* The seam for showing pictures: one implementation a way (SDL_Renderer, headless; later Vulkan).
 *
 * A presenter keeps two images of the guest's screen. *Incoming* takes uploads and is never drawn; commit() makes it *shown*, and the
 * picture that was shown until then becomes the new incoming, contents and all. So an upload that is torn or never ends is never seen.
 * Everything on the screen (cursor moves, resize, expose, status) is drawn from shown.
 *
 * Threads: `impl->thread` says which one may call: SDL_Renderer belongs to the main thread, headless to any one thread at a time.
 * begin_frame() may allocate when the shape changes; upload(), commit(), cursor_move() and present() are data plane. */
#ifndef TRANSOM_HOST_PRESENT_PRESENTER_H
#define TRANSOM_HOST_PRESENT_PRESENTER_H

#include "host/present/picture_layout.h"
#include "protocol/layout.h"

#include <stdbool.h>

struct presenter;

enum presenter_thread { PRESENTER_MAIN_THREAD, PRESENTER_ANY_THREAD };

/* Shape of a picture: two with equal fields can be brought from one to the other by damage alone. */
struct presenter_picture {
  uint32_t width, height; /* as in memory, before rotation */
  enum transom_format format;
  uint32_t flags;    /* TRANSOM_FRAME_PQ */
  uint32_t rotation; /* clockwise quarter turns when shown, 0-3 */
};

/* Text over the picture, or instead of it. Plain UTF-8. */
struct presenter_status {
  bool visible;
  bool keep_picture; /* the last picture stays, dimmed, with a bar; else the text fills the window */
  char title[96];
  char detail[448]; /* may have several lines */
};

/* A picture in ordinary memory: B, G, R, 255, rows without gaps. The owner frees `pixels`. */
struct presenter_image {
  uint32_t width, height;
  uint8_t *pixels;
};

struct presenter_impl {
  const char *name; /* "sdl" */
  enum presenter_thread thread;

  /* Incoming has this shape from now on. Its contents survive when it has the shape already. 0; -EINVAL too large for the device, or a
   * format it cannot take; -ENOMEM. */
  int (*begin_frame)(struct presenter *presenter, const struct presenter_picture *picture);

  /* Copies rectangles of the picture that starts at `pixels` into incoming, at the same place. They lie inside the picture. The pixels may
   * change while they are read: that makes a torn upload, nothing worse. False: the device failed; incoming is unknown. */
  bool (*upload)(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes, const struct transom_rect *rects,
                 uint32_t count);
  void (*commit)(struct presenter *presenter);

  /* `shape` is validated; `pixels` are pitch_bytes * height (two planes when monochrome). The position is the hot spot's, in pixels of the
   * picture as shown. */
  void (*cursor_shape)(struct presenter *presenter, const struct transom_cursor_shape *shape, const uint8_t *pixels);
  void (*cursor_move)(struct presenter *presenter, int32_t x, int32_t y, bool visible);

  void (*status)(struct presenter *presenter, const struct presenter_status *status);
  void (*hint)(struct presenter *presenter, const char *text);                  /* optional: a small text over the picture; "" = none */
  void (*resize)(struct presenter *presenter, uint32_t width, uint32_t height); /* the window's size in physical pixels */
  void (*present)(struct presenter *presenter);                                 /* draws everything anew */

  /* Where shown lies in the window. False: nothing has been committed yet. */
  bool (*layout)(const struct presenter *presenter, struct picture_layout *layout);

  /* The guest's picture as shown, turned upright, in its own size. 0; -ENODATA nothing shown yet; -ENOMEM; -EIO the device failed. */
  int (*read_back)(struct presenter *presenter, bool with_cursor, struct presenter_image *image);
  void (*destroy)(struct presenter *presenter);
};

struct presenter {
  const struct presenter_impl *impl;
};

bool presenter_picture_equal(const struct presenter_picture *one, const struct presenter_picture *other);

#endif
