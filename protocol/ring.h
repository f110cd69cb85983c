/* Message rings between host and guest: single producer, single consumer, free-running 32-bit byte indices.
 *
 * The host's end is the *controller*: one consumer at a time (by transom-serve's word, or by lock). Whoever becomes controller opens a new
 * session, by a random number in the host's half; the guest answers with the same number and index 0. Messages of an older session are
 * gone. Each end keeps its own index in private and bounds the peer's: a distance that no honest peer has closes the ring (-EBADMSG). One
 * thread an end. Data plane: no allocation, lock or log. */
#ifndef TRANSOM_PROTOCOL_RING_H
#define TRANSOM_PROTOCOL_RING_H

#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RING_PAYLOAD_BYTES_MAX 4096u /* of one message; larger things are sent in parts */

enum transom_ring_side { TRANSOM_RING_HOST, TRANSOM_RING_GUEST };

struct transom_ring {
  struct transom_ring_view view;
  enum transom_ring_side side;
  uint32_t session; /* ours: chosen (host) or answered (guest); 0 = closed */
  uint32_t index;   /* private: bytes produced or consumed */
};

/* Host: `session` is random and not 0. Guest: pass 0, sessions are adopted by ring_is_open(). */
void ring_init(struct transom_ring *ring, const struct transom_ring_view *view, enum transom_ring_side side, uint32_t session);

/* Both halves agree on the session. The guest's end adopts a new one here. Cheap: one load. */
bool ring_is_open(struct transom_ring *ring);

/* 0; -EAGAIN full (nothing was written) ; -ENOTCONN not open; -EMSGSIZE payload too large; -EBADMSG the peer's index is impossible: closed.
 */
int ring_send(struct transom_ring *ring, uint32_t type, const void *payload, uint32_t bytes);

/* 0 with one message copied out; -EAGAIN none; -ENOTCONN; -EBADMSG as above, or a header that no honest peer writes: closed.
 * `payload` has room for RING_PAYLOAD_BYTES_MAX. */
int ring_receive(struct transom_ring *ring, uint32_t *type, void *payload, uint32_t *bytes);

/* Anything to receive? One load. */
bool ring_has_message(const struct transom_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
