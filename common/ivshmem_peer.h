/* A peer of an ivshmem server, over QEMU's protocol (docs/specs/ivshmem-spec.txt, "Client-Server protocol"). Linux.
 *
 * The peer gets an id, the region's descriptor, its own eventfds (one a vector) and those of every other peer. It may live in the viewer,
 * in a benchmark, or in a synthetic agent without a VM. Everything from the socket is bounded: ids < IVSHMEM_PEERS_MAX, vectors <
 * IVSHMEM_VECTORS_MAX. Threads: one, except ivshmem_peer_ring(), which may run on any thread while no other call changes the peer it rings.
 */
#ifndef TRANSOM_COMMON_IVSHMEM_PEER_H
#define TRANSOM_COMMON_IVSHMEM_PEER_H

#include "common/ivshmem_message.h"

#include <stdbool.h>
#include <stdint.h>

#define IVSHMEM_PEERS_MAX 16u
#define IVSHMEM_VECTORS_MAX 8u

struct ivshmem_peer {
  int socket; /* readable when other peers come and go; -1 = the server is gone (what we hold goes on working) */
  uint32_t id;
  int region;                                         /* owned; the mapping's size is its file size, checked by the caller */
  uint32_t vector_count;                              /* of our own */
  int vectors[IVSHMEM_VECTORS_MAX];                   /* our own eventfds: wait on these */
  int others[IVSHMEM_PEERS_MAX][IVSHMEM_VECTORS_MAX]; /* theirs: write to ring; -1 = none */
  uint32_t greeted;                                   /* private: how far the handshake is, see ivshmem_peer_feed() */
  struct ivshmem_reader reader;                       /* private */
};

/* An unconnected peer. */
void ivshmem_peer_init(struct ivshmem_peer *peer);

/* Connects and runs the handshake, at most `timeout_ms` in all. 0; -ECONNREFUSED/-ENOENT nobody listens; -EPROTO not an ivshmem server, or
 * another version; -ETIMEDOUT; -EBADMSG out of bounds; other -errno. */
int ivshmem_peer_connect(struct ivshmem_peer *peer, const char *socket_path, int timeout_ms);
void ivshmem_peer_close(struct ivshmem_peer *peer); /* closes every descriptor */

/* Takes one message, as if it came from the socket; `fd` (or -1) becomes the peer's in any case. 0; -EPROTO, -EBADMSG as above. */
int ivshmem_peer_feed(struct ivshmem_peer *peer, int64_t value, int fd);

/* Takes what the socket has to say, without blocking. 0; -EPIPE the server closed (socket becomes -1); -EBADMSG as above. */
int ivshmem_peer_dispatch(struct ivshmem_peer *peer);

/* Rings. 0; -ENODEV no such peer or vector. Data plane. */
int ivshmem_peer_ring(const struct ivshmem_peer *peer, uint32_t id, uint32_t vector);

#endif
