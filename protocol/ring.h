/* Message rings between host and guest: single producer, single consumer, free-running 32-bit byte indices.
 *
 * The host's end is the *controller*: one consumer at a time (by transom-serve's word, or by lock). Whoever becomes controller opens a new
 * session, by a random number in the host's half; the guest answers with the same number and index 0. Messages of an older session are
 * gone. Session and index of a half are one 64-bit word, so that nobody ever joins one session's number with another's index. Each end
 * keeps its own index in private and bounds the peer's: a distance that no honest peer has closes the ring (-EBADMSG). One thread an end.
 * Data plane: no allocation, lock or log. */
#ifndef TRANSOM_PROTOCOL_RING_H
#define TRANSOM_PROTOCOL_RING_H

#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RING_PAYLOAD_BYTES_MAX 4096u /* of one message; larger things are sent in parts */

/* Which end we are: region.to_guest[] is HOST_SENDS and GUEST_RECEIVES, region.to_host[] the other two. */
enum transom_ring_side { TRANSOM_RING_HOST_SENDS, TRANSOM_RING_HOST_RECEIVES, TRANSOM_RING_GUEST_SENDS, TRANSOM_RING_GUEST_RECEIVES };

struct transom_ring {
  struct transom_ring_view view;
  enum transom_ring_side side;
  uint32_t session; /* ours: chosen (host) or answered (guest); 0 = closed */
  uint32_t index;   /* private: bytes produced or consumed */
};

/* Host: `session` is random and not 0; the ring is open once the guest has answered. Call it again, with another number, at each new epoch
 * and after -EBADMSG. Guest: pass 0, sessions are adopted by ring_is_open(). Writes our half, so the host checks the epoch first. */
void ring_init(struct transom_ring *ring, const struct transom_ring_view *view, enum transom_ring_side side, uint32_t session);

/* Both halves agree on the session. The guest's end adopts a new one here, if it is fresh: a session whose index is not 0 is a remnant of
 * an earlier agent's time. Cheap: one load. A guest sees in `ring->session` that a new one has begun. */
bool ring_is_open(struct transom_ring *ring);

/* 0; -EAGAIN full (nothing was written) ; -ENOTCONN not open; -EMSGSIZE payload too large; -EBADMSG the peer's index is impossible: closed.
 */
int ring_send(struct transom_ring *ring, uint32_t type, const void *payload, uint32_t bytes);

/* 0 with one message copied out; -EAGAIN none; -ENOTCONN; -EBADMSG as above, or a header that no honest peer writes: closed.
 * `payload` has room for RING_PAYLOAD_BYTES_MAX; its contents are undefined on failure. */
int ring_receive(struct transom_ring *ring, uint32_t *type, void *payload, uint32_t *bytes);

/* Anything to receive? One load. */
bool ring_has_message(const struct transom_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
