/* A consumer's half of a head's frame queue.
 *
 * One thread per reader: the one that copies the pixels. Data plane: no allocation, lock or log. Order for a frame:
 *   acquire -> copy pixels (band by band, or when complete) -> frame_reader_intact() -> show -> release.
 * A picture is shown only after frame_reader_intact() said yes *after* the copy. Rejected records are counted in `bad` and dropped. */
#ifndef TRANSOM_PROTOCOL_FRAME_READER_H
#define TRANSOM_PROTOCOL_FRAME_READER_H

#include "protocol/consumer.h"
#include "protocol/damage.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FRAME_READER_TRIES 8u /* the newest word may move while we announce our hold: so often we follow it */

struct transom_frame_reader {
  struct transom_consumer *consumer;
  const struct transom_queue_view *queue;
  uint64_t shown; /* sequence of the last frame acquired and found intact; 0 = none */
  uint64_t bad;   /* records that failed validation */
  uint64_t torn;  /* copies dropped because epoch, slot or hold moved */
};

enum transom_acquire {
  TRANSOM_ACQUIRE_COMPLETE,  /* newest complete frame */
  TRANSOM_ACQUIRE_ANNOUNCED, /* newest announced frame, perhaps still being written */
};

/* A frame in the reader's hands: a validated private copy of everything the guest said about it. */
struct transom_frame {
  struct transom_descriptor descriptor;
  uint64_t sequence;
  uint32_t slot;
  uint64_t hold;                      /* 0 = read without a hold */
  uint64_t copy_done_ns, complete_ns; /* guest clock, 0 while not complete */
  const volatile uint8_t *pixels;     /* pitch_bytes * height bytes, inside the mapping */
};

void frame_reader_init(struct transom_frame_reader *reader, struct transom_consumer *consumer);

/* Does the queue have a frame newer than `sequence`? Loads one line. */
bool frame_reader_has_newer(const struct transom_frame_reader *reader, enum transom_acquire what, uint64_t sequence);

/* Acquires the newest frame if it is newer than `newer_than`. A consumer has one hold: that of an earlier frame goes when a newer one is
 * found, and stays when there is none. `hold` false where slots are too few for one more hold: the copy is then only
 * validated afterwards. 0 with `*frame` filled; -EAGAIN nothing newer, or it moved FRAME_READER_TRIES times; -EBADMSG the record is not an
 * honest one (counted); -ESTALE the epoch moved. */
int frame_reader_acquire(struct transom_frame_reader *reader, enum transom_acquire what, bool hold, uint64_t newer_than,
                         struct transom_frame *frame);

/* How far the frame is: bounded to its height. Once complete, `frame`'s stamps are filled. */
enum transom_frame_state frame_reader_progress(struct transom_frame_reader *reader, struct transom_frame *frame, uint32_t *rows_valid);

/* Epoch, generation of the slot and revocation, after the copy. False (counted): what was copied must not be shown. */
bool frame_reader_intact(struct transom_frame_reader *reader, const struct transom_frame *frame);
void frame_reader_release(struct transom_frame_reader *reader, struct transom_frame *frame);

/* What changed between the complete frame `since` and `frame`: the frame's own damage, or the union over the history where frames were
 * missed, or full where that is not known. */
void frame_reader_damage(const struct transom_frame_reader *reader, const struct transom_frame *frame, uint64_t since,
                         struct transom_damage *damage);

/* Slots suffice for one more holding consumer: 1 being written + 1 newest + 1 for each that holds. */
bool frame_reader_may_hold(const struct transom_queue_view *queue, uint32_t consumers_holding);

#ifdef __cplusplus
}
#endif
#endif
