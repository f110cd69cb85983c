/* A consumer's own line: join, leave, heartbeat, arm. The host half of the doorbell; frame_reader.h builds on it.
 *
 * Threads: one thread at a time per consumer, except that consumer_arm_event() and consumer_disarm_event() may run on another thread than
 * the frame calls (they touch another word of the line). Data plane: nothing here allocates, locks or logs.
 * Every write checks the epoch first (-ESTALE when it moved), and everything written is kept in a private shadow: the line is never read
 * back. */
#ifndef TRANSOM_PROTOCOL_CONSUMER_H
#define TRANSOM_PROTOCOL_CONSUMER_H

#include "protocol/layout.h"
#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

struct transom_consumer {
  const struct transom_region *region;
  volatile struct transom_consumer_line *line;
  uint32_t index; /* of the line; the peer id where there is a server */
  uint32_t head;
  uint64_t hold;        /* shadow of line->hold */
  uint64_t heartbeat;   /* shadow */
  uint32_t token_frame; /* the last token used, never 0 again within 2^32 arms */
  uint32_t token_event;
};

/* Takes line `index` (which is ours by the server's word or by lock) and joins the region's epoch for `head`. 0, -EINVAL, -ESTALE. */
int consumer_join(struct transom_consumer *consumer, const struct transom_region *region, uint32_t index, uint32_t head, uint32_t peer_id,
                  uint32_t wake_mask, uint64_t features);
void consumer_leave(struct transom_consumer *consumer); /* clears the line if the epoch still stands */
int consumer_beat(struct transom_consumer *consumer);

/* Which wakes the guest rings for from now on. 0, -ESTALE. */
int consumer_wake_on(struct transom_consumer *consumer, uint32_t wake_mask);

/* Writes a pattern grown from `seed` into our part of the host area's trial block, so that a device which has imported the region can show
 * that it reads the same memory. `pattern` gets the bytes, `*offset` their place in the region. 0, -ESTALE. */
int consumer_trial(const struct transom_consumer *consumer, uint64_t seed, uint64_t *offset, uint8_t pattern[TRANSOM_TRIAL_BYTES]);

/* Arm, then look again: the caller sleeps only when consumer_arm_*() returned 0 *and* its own re-check of what it waits for found nothing
 * new. The full fence between the two is inside. */
int consumer_arm_frame(struct transom_consumer *consumer);
void consumer_disarm_frame(struct transom_consumer *consumer);
int consumer_arm_event(struct transom_consumer *consumer);
void consumer_disarm_event(struct transom_consumer *consumer);

/* The guest's half. */
struct transom_bell {
  uint32_t peer_id;
  uint32_t vector; /* enum transom_vector */
};

/* What the agent remembers of each consumer, so that it rings once per token and revokes silent holds. Zeroed at each format. */
struct transom_consumer_watch {
  uint32_t rung_frame, rung_event;
  uint64_t hold, heartbeat; /* as last seen */
  uint64_t changed_ns;      /* guest clock: when they last moved */
  uint64_t revoked;         /* the hold that we have taken away */
};

struct transom_consumers {
  const struct transom_region *region;
  struct transom_consumer_watch watch[TRANSOM_CONSUMERS_MAX];
  uint64_t frames_skipped; /* of all heads: what the status section says */
  uint64_t holds_revoked;
};

void consumers_init(struct transom_consumers *consumers, const struct transom_region *region);

/* Call after publishing what `wake` names (bits of one vector; `head` is ignored for vector 1): full fence, then one look at each line.
 * Fills `bells` with whom to ring and returns their number; each token is rung once. */
uint32_t consumers_signal(struct transom_consumers *consumers, uint32_t wake, uint32_t head,
                          struct transom_bell bells[TRANSOM_CONSUMERS_MAX]);

/* Call once the region is formatted: whom to ring so that they find the new epoch now and not at the next beat of their own timer. That is
 * whoever still has a line of another epoch; who is gone from there takes no harm. Fills `bells` as above. */
uint32_t consumers_left_behind(const struct transom_consumers *consumers, struct transom_bell bells[TRANSOM_CONSUMERS_MAX]);

/* A private copy of line `index`: false when it has not joined this epoch (`*copy` is then not written). One cache line. */
bool consumers_line(const struct transom_consumers *consumers, uint32_t index, struct transom_consumer_line *copy);

/* Lines that have joined this epoch: the agent slows down when there are none. */
uint32_t consumers_count(const struct transom_consumers *consumers);
uint32_t consumers_watching(const struct transom_consumers *consumers, uint32_t head); /* of them, those that watch this head */

#ifdef __cplusplus
}
#endif
#endif
