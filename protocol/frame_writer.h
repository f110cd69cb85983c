/* The publisher's half of a head's frame queue: latest wins, nothing ever waits for a consumer.
 *
 * One thread (the agent's). Call order for a frame: begin, [rows ...], complete | abandon. Data plane: no allocation, lock or log.
 * The writer's state is private; of the region it reads only the consumers' lines. */
#ifndef TRANSOM_PROTOCOL_FRAME_WRITER_H
#define TRANSOM_PROTOCOL_FRAME_WRITER_H

#include "protocol/consumer.h"
#include "protocol/damage.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the caller knows of a frame before its copy starts. `damage` is relative to the previous *complete* frame of this head. */
struct transom_frame_info {
  enum transom_format format;
  uint32_t flags; /* TRANSOM_FRAME_PQ; full damage is taken from `damage` */
  uint32_t width, height, pitch_bytes;
  uint32_t band_rows;
  uint32_t rotation;
  uint64_t acquired_ns, copy_started_ns; /* guest clock */
  struct transom_damage damage;
};

/* What must be equal for two frames to share pixels. */
struct transom_frame_shape {
  enum transom_format format;
  uint32_t flags;
  uint32_t width, height, pitch_bytes;
  uint32_t rotation;
};

struct transom_frame_writer {
  struct transom_region *region;
  struct transom_consumers *consumers;
  uint32_t head;
  uint64_t sequence;                                    /* of the frame begun last; 0 = none */
  uint64_t complete;                                    /* frame word of the newest complete one; 0 = none */
  uint32_t slot;                                        /* being written, or UINT32_MAX */
  uint64_t skipped;                                     /* frames for which no slot was free */
  struct transom_frame_info info;                       /* of the frame being written; its damage includes what was pending */
  struct transom_damage pending;                        /* damage of frames that were abandoned or skipped since the last complete one */
  struct transom_damage stale[TRANSOM_SLOTS_MAX];       /* what slot i lacks, compared with the newest complete frame; full at first */
  struct transom_frame_shape shapes[TRANSOM_SLOTS_MAX]; /* of the frame that slot i was last begun for */
};

void frame_writer_init(struct transom_frame_writer *writer, struct transom_region *region, struct transom_consumers *consumers,
                       uint32_t head);

/* Claims a slot and announces the frame. On success `*pixels` is the slot's first pixel and `*copy` is what must be copied into it: the
 * frame's damage and whatever the slot lacks besides (full when size or format moved).
 *   -EBUSY   no slot is free: the frame is skipped and counted, its damage remembered
 *   -EINVAL  the frame does not fit a slot, or its numbers are out of bounds */
int frame_writer_begin(struct transom_frame_writer *writer, const struct transom_frame_info *info, uint64_t now_ns,
                       volatile uint8_t **pixels, struct transom_damage *copy);

/* Rows 0 .. rows_valid-1 are in the region (the caller's pixels are stored; the fence is inside). Never goes back. */
void frame_writer_rows(struct transom_frame_writer *writer, uint32_t rows_valid);
void frame_writer_complete(struct transom_frame_writer *writer, uint64_t copy_done_ns, uint64_t complete_ns);
void frame_writer_abandon(struct transom_frame_writer *writer);

/* Takes away holds whose line has been silent for TRANSOM_HOLD_SILENT_NS; also done by begin(). Returns how many. */
uint32_t frame_writer_revoke_silent(struct transom_frame_writer *writer, uint64_t now_ns);

#ifdef __cplusplus
}
#endif
#endif
