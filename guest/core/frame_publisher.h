/* Copies a picture into the region, band by band, and tells whoever waits: announced, bands, complete.
 *
 * Threads: one, the agent's. Data plane: frame_publisher_publish() neither allocates nor logs. */
#ifndef TRANSOM_GUEST_CORE_FRAME_PUBLISHER_H
#define TRANSOM_GUEST_CORE_FRAME_PUBLISHER_H

#include "guest/core/doorbell.h"
#include "guest/core/frame_copier_cpu.h"
#include "protocol/frame_writer.h"

/* 1 MiB of a 4K frame, 0.1 ms of copying: small enough that a consumer's upload overlaps, large enough that bells do not count. */
#define FRAME_BAND_ROWS 64u

struct frame_publisher {
  struct transom_frame_writer writer;
  struct frame_copier_cpu cpu; /* for frames without a copier of their own */
  struct doorbell *doorbell;
  uint64_t (*now_ns)(void); /* the guest's clock, as the clock cell answers with */
  uint32_t head;
  uint64_t published, copied_bytes; /* since the start, across formats */
};

/* After each format. Counters survive. */
void frame_publisher_init(struct frame_publisher *publisher, struct transom_region *region, struct doorbell *doorbell,
                          uint64_t (*now_ns)(void), uint32_t head);

/* What a row takes in a slot. */
uint32_t frame_publisher_pitch(const struct screen_mode *mode);

/* `frame` holds the whole picture, `frame->damage` what changed since the frame given before (published or not). 0; -EBUSY every slot is
 * held: call again soon, the damage is remembered; -EINVAL the picture does not fit a slot; -EIO, -EFAULT of the copier: the frame was
 * abandoned, its damage is remembered. */
int frame_publisher_publish(struct frame_publisher *publisher, const struct screen_frame *frame);

#endif
