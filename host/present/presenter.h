/* The seam for showing pictures: one implementation a way (Vulkan, SDL_Renderer, headless).
 *
 * A presenter keeps two images of the guest's screen. *Incoming* takes uploads and is never drawn; commit() makes it *shown*, and the
 * picture that was shown until then becomes the new incoming, contents and all. So an upload that is torn or never ends is never seen.
 * Everything on the screen (cursor moves, resize, expose, status) is drawn from shown.
 *
 * Threads: `impl->thread` says which one may call: SDL_Renderer belongs to the main thread, Vulkan and headless to any one thread at a
 * time. begin_frame() and region() may allocate; level(), upload(), finish_upload(), commit(), cursor_move() and present() are data plane.
 */
#ifndef TRANSOM_HOST_PRESENT_PRESENTER_H
#define TRANSOM_HOST_PRESENT_PRESENTER_H

#include "host/present/picture_layout.h"
#include "host/present/presenter_graph.h"
#include "protocol/layout.h"

#include <stdbool.h>

struct presenter;

enum presenter_thread { PRESENTER_MAIN_THREAD, PRESENTER_ANY_THREAD };

/* How a call went. After LOST all pictures are gone but the presenter works on, perhaps by a slower way: upload everything anew. After
 * FAILED only region(), with NULL, and destroy() may be called. */
enum presenter_result { PRESENTER_OK, PRESENTER_PENDING, PRESENTER_LOST, PRESENTER_FAILED };

#define PRESENTER_TRIAL_BYTES 4096u

/* The memory that pictures lie in, for presenters whose device can read it without the CPU. */
struct presenter_region {
  volatile uint8_t *base; /* page-aligned, mapped read-write and shared */
  uint64_t bytes;
  int fd; /* of what is mapped; -1 = not known */
  uint64_t slots_offset, slot_bytes;
  uint32_t slot_count;
  uint64_t trial_offset;                /* there the region holds ... */
  uint8_t trial[PRESENTER_TRIAL_BYTES]; /* ... these bytes: what the device reads there must be them */
};

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

/* HIGH costs the GPU time: better scaling, and HDR brought to SDR by a curve instead of clipped, where the presenter can. */
enum picture_quality { PICTURE_QUALITY_FAST, PICTURE_QUALITY_HIGH };

/* What the user wants of any presenter. */
struct presenter_options {
  enum picture_scaling scaling;
  enum picture_quality quality;
  bool tearing;      /* show at once, even in the middle of a refresh */
  bool times_copies; /* for copy_time(): one copy at a time, which is slower */
};

/* A picture in ordinary memory: B, G, R, 255, rows without gaps. The owner frees `pixels`. */
struct presenter_image {
  uint32_t width, height;
  uint8_t *pixels;
};

struct presenter_impl {
  const char *name; /* "sdl" */
  enum presenter_thread thread;
  bool follows_bands; /* upload() may be called band by band while the guest still writes: it costs this presenter little */

  /* Optional. The name of the way that pixels take now: "import", "staging". Valid until the next call. */
  const char *(*rung)(const struct presenter *presenter);

  /* Optional: it has no PICTURE_QUALITY_HIGH. What that picture was scaled and tone-mapped by when it was drawn last: "libplacebo"; "" = by
   * the presenter itself. Valid until the next call. */
  const char *(*scaler)(const struct presenter *presenter);

  /* Optional. Pictures lie in `region` from now on; NULL: in none. The contents are copied. When it returns, nothing reads the region
   * before it any more, so that may be unmapped. May wait for an import that is under way. */
  void (*region)(struct presenter *presenter, const struct presenter_region *region);

  /* Incoming has this shape from now on. Its contents survive when it has the shape already. 0; -EINVAL too large for the device, or a
   * format it cannot take; -ENOMEM. */
  int (*begin_frame)(struct presenter *presenter, const struct presenter_picture *picture);

  /* Optional. Copies rectangles from shown into incoming, which have the same shape, in the device's own memory. */
  enum presenter_result (*level)(struct presenter *presenter, const struct transom_rect *rects, uint32_t count);

  /* Copies rectangles of the picture that starts at `pixels` into incoming, at the same place. They lie inside the picture. The pixels may
   * change while they are read: that makes a torn upload, nothing worse. Anything but OK: incoming is unknown. */
  enum presenter_result (*upload)(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                  const struct transom_rect *rects, uint32_t count);
  /* Optional: without it, upload() has read everything when it returns. OK: all pixels of this frame have been read and are in incoming;
   * PENDING: not within `timeout_ns`. */
  enum presenter_result (*finish_upload)(struct presenter *presenter, uint64_t timeout_ns);
  void (*commit)(struct presenter *presenter);

  /* Optional. What the last upload(), finished, took by the device's own clock. False: nothing was timed, or the device has no clock. */
  bool (*copy_time)(const struct presenter *presenter, double *ns);

  /* `shape` is validated; `pixels` are pitch_bytes * height (two planes when monochrome). The position is the hot spot's, in pixels of the
   * picture as shown. */
  void (*cursor_shape)(struct presenter *presenter, const struct transom_cursor_shape *shape, const uint8_t *pixels);
  void (*cursor_move)(struct presenter *presenter, int32_t x, int32_t y, bool visible);

  void (*status)(struct presenter *presenter, const struct presenter_status *status);
  void (*hint)(struct presenter *presenter, const char *text); /* optional: a small text over the picture; "" = none */
  void (*hud)(struct presenter *presenter, const char *text);  /* lines of text in a corner; "" = none */
  /* Optional. Below the HUD's text, while there is one. The contents are copied; NULL = none. */
  void (*graph)(struct presenter *presenter, const struct presenter_graph *graph);

  /* The window's size in physical pixels, and whether it covers its display. */
  void (*resize)(struct presenter *presenter, uint32_t width, uint32_t height, bool fullscreen);

  /* Optional. Takes the display's next image: the present() that follows does not wait for one, and what is committed until then is in
   * it. PENDING: the display has no room for another picture yet; call again soon. Waits 2 ms at most. */
  enum presenter_result (*acquire)(struct presenter *presenter);

  /* Draws everything anew. PENDING: as acquire(), which it does itself where that was not done. */
  enum presenter_result (*present)(struct presenter *presenter);

  /* Optional. How many pictures present() has handed to the window system since it made the window's images anew: drivers number their
   * presentations so. */
  uint32_t (*pictures)(const struct presenter *presenter);

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
bool presenter_picture_is_pq(const struct presenter_picture *picture); /* HDR: SMPTE ST 2084 */

#endif
