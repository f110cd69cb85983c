/* The seam for reading the guest's screen: one implementation a way (DRM framebuffer, test card; later desktop duplication).
 *
 * A source lives through everything that happens to a screen: mode changes, VT switches, a device that goes and comes back. It says how
 * things are by acquire()'s result and never has to be made anew. Threads: one, the agent's. */
#ifndef TRANSOM_GUEST_CORE_SCREEN_CAPTURE_H
#define TRANSOM_GUEST_CORE_SCREEN_CAPTURE_H

#include "protocol/damage.h"
#include "protocol/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct screen_capture;
struct frame_copier;
struct scrgb_convert;

struct screen_mode {
  uint32_t width, height;
  enum transom_format format;
  uint32_t flags; /* TRANSOM_FRAME_PQ */
};

/* Valid until release(). */
struct screen_frame {
  struct screen_mode mode;
  const uint8_t *pixels; /* NULL where a copier of the source's has them */
  size_t pitch_bytes;
  struct frame_copier *copier; /* NULL = the processor copies `pixels`. With one, `damage` is always known */
  /* The pixels are scRGB, which the copier makes into the mode's RGB10A2 on the way; NULL = they are the mode's. Only where `damage` is
   * known. */
  const struct scrgb_convert *convert;
  uint32_t rotation;    /* clockwise quarter turns to apply when showing */
  uint64_t acquired_ns; /* guest clock */
  /* True: `damage` holds all that changed since the frame acquired before, and the pixels stand still until release(). False: the screen
   * may change under the reader's eyes and nobody knows where; the agent compares. */
  bool damage_known;
  struct transom_damage damage;
};

struct screen_cursor {
  int32_t x, y; /* of the hot spot */
  bool visible;
  bool clipped;                      /* kept in a part of the screen by a program */
  uint64_t shape_serial;             /* moves when the shape does; 0 = none known */
  struct transom_cursor_shape shape; /* type, size, pitch, hot spot, data_bytes */
  const uint8_t *pixels;             /* valid until the next call of the source */
};

struct screen_capture_impl {
  const char *name;

  /* 0 with a frame; -EAGAIN nothing new; -ENODEV there is no active display; -ENOTSUP a display that cannot be read: capture->text says
   * why; -EIO this way to the screen does not work any more. Never blocks. */
  int (*acquire)(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame);
  void (*release)(struct screen_capture *capture);

  bool (*cursor)(struct screen_capture *capture, struct screen_cursor *cursor); /* optional: false when the screen has none apart */
  uint64_t (*next_ns)(struct screen_capture *capture, uint64_t now_ns); /* optional: when the next frame is due; 0 = it does not know */

  /* Where `rests`: waits until `until_ns`, or until there is something new (true). Blocks 20 ms at most. */
  bool (*rest)(struct screen_capture *capture, uint64_t now_ns, uint64_t until_ns);
  void (*destroy)(struct screen_capture *capture);
};

struct screen_capture {
  const struct screen_capture_impl *impl;
  uint64_t period_ns; /* of the display; what polling at its rate means */
  bool rests;         /* rest() works: the system tells of news */
  bool settling;      /* a way to the screen is still being made: ask again soon, whoever watches */
  bool cursor_apart;  /* cursor() may be asked at any time, and moves without a new frame */
  char text[160];     /* why there is no frame: one line for the user */
  char hint[160];     /* there are frames, but the user should know: one line; empty = nothing */
};

#endif
