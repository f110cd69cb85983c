/* What one peer still has to be told. A peer that does not read (a stopped VM) costs a bounded amount of memory and nobody's time: of each
 * other peer at most one goodbye and one set of eventfds waits here, because news that nobody has read yet is forgotten together with
 * what it was about. So the outbox cannot overflow, and a peer that sleeps for an hour is up to date after one reading. */
#ifndef TRANSOM_HOST_SERVE_PEER_OUTBOX_H
#define TRANSOM_HOST_SERVE_PEER_OUTBOX_H

#include "common/ivshmem_peer.h"

/* Version, id, region; of each of 16 peers one goodbye and 8 eventfds. */
#define PEER_OUTBOX_MESSAGES_MAX (3u + IVSHMEM_PEERS_MAX * (1u + IVSHMEM_VECTORS_MAX))

struct peer_outbox {
  uint32_t count;
  uint32_t told; /* bit i: an eventfd of peer i was sent, and no goodbye since */
  struct {
    int64_t value;
    int fd; /* borrowed from its owner, or -1 */
  } messages[PEER_OUTBOX_MESSAGES_MAX];
};

void peer_outbox_greet(struct peer_outbox *outbox, uint32_t id, int region); /* an empty outbox: the first three messages */
void peer_outbox_joined(struct peer_outbox *outbox, uint32_t id, const int *vectors, uint32_t vector_count);

/* Peer `id` is gone. Its eventfds may be closed after this. */
void peer_outbox_left(struct peer_outbox *outbox, uint32_t id);

/* Of a peer that an earlier server greeted: it may have been told of anybody. */
void peer_outbox_resume(struct peer_outbox *outbox);

bool peer_outbox_mentions(const struct peer_outbox *outbox, uint32_t id); /* eventfds of `id` still wait */

/* Sends what the socket takes. 0 all sent; -EAGAIN; others: the peer is of no use any more. */
int peer_outbox_flush(struct peer_outbox *outbox, int socket);

#endif
