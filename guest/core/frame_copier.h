/* The seam for what moves a frame's pixels into its slot: the processor from memory, or a GPU from a texture.
 *
 * Call order for a frame: start, then wait until its rows are all there or it fails. The copier goes band by band from the top, so that a
 * consumer may begin while the rest is under way. Threads: one, the agent's. start() and wait() are data plane. */
#ifndef TRANSOM_GUEST_CORE_FRAME_COPIER_H
#define TRANSOM_GUEST_CORE_FRAME_COPIER_H

#include "guest/core/screen_capture.h"

struct frame_copy {
  struct screen_mode mode;
  uint8_t *slot;                       /* the slot's first pixel, ours alone until the frame is complete */
  uint64_t slot_offset;                /* of it, from the region's start: a multiple of TRANSOM_SLOT_ALIGN */
  uint32_t pitch_bytes;                /* of the slot: a multiple of TRANSOM_PITCH_ALIGN */
  uint32_t band_rows;                  /* height of a band; the last may be lower */
  const struct scrgb_convert *convert; /* the frame's */
  struct transom_damage what;          /* what the slot lacks */
};

struct frame_copier_impl {
  const char *name;

  /* Begins a copy; `copy` stays valid until it has ended. 0; -EIO: this way does not work any more, nothing was written. */
  int (*start)(struct frame_copier *copier, const struct frame_copy *copy);

  /* Waits until more rows than `*rows` are in the region, and moves it; mode.height ends the copy. Bands that lack nothing are passed over.
   * 0; -EIO: the copy has ended before its time and writes nothing more; -EFAULT: the same, but it may still write. */
  int (*wait)(struct frame_copier *copier, uint32_t *rows);
};

struct frame_copier {
  const struct frame_copier_impl *impl;
  uint32_t bands_max;    /* in a frame; 0 = as many as it likes */
  uint64_t copied_bytes; /* since its start, on every frame */
};

/* How the pixels lie before they are copied: the mode's format, or scRGB that is converted on the way; and what a row of them takes with
 * the slot's alignment. */
enum transom_format frame_copy_source_format(const struct frame_copy *copy);
uint32_t frame_copy_source_pitch(const struct frame_copy *copy);

/* The part of `rect` in rows [top, end); an empty one has no height. */
struct transom_rect frame_copy_part(struct transom_rect rect, uint32_t top, uint32_t end);

/* What is to be copied in rows [top, end): `parts` has room for TRANSOM_DAMAGE_MAX. Returns how many. */
uint32_t frame_copy_parts(const struct frame_copy *copy, uint32_t top, uint32_t end, struct transom_rect parts[TRANSOM_DAMAGE_MAX]);

/* Copies those parts from memory that lies as the slot does, by streaming stores, converting where the copy says so. Returns the bytes
 * written. */
uint64_t frame_copy_stream(const struct frame_copy *copy, const struct transom_rect *parts, uint32_t count, const uint8_t *pixels,
                           size_t pitch_bytes);

#endif
