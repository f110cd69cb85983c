/* QEMU's ivshmem server: hands the region and everybody's eventfds to everybody. Runs on one event loop, whose thread calls everything.
 *
 * There are 16 *places*, each with its id and its eventfds, which live as long as the region. A peer takes the smallest free place; the id
 * is also the index of its line in the region, which is cleared when the peer goes. Everybody is told of all places in the greeting, and of
 * nothing afterwards: no peer ever learns that another came or went. Two reasons:
 *   - QEMU (7.2 and later; hw/misc/ivshmem.c, close_peer_eventfds) frees a peer's eventfds when it is told that the peer left and uses them
 *     again when the id comes back: a viewer that is closed and opened would corrupt QEMU's heap. QEMU's own server never reuses an id.
 *   - Nothing waits to be sent, so a peer that does not read (a stopped VM) costs nothing, and a restart has nothing to catch up on.
 * Ringing a place where nobody is does nothing; a newcomer finds its eventfds drained.
 *
 * A peer never sends: one that does is dropped. */
#ifndef TRANSOM_HOST_SERVE_IVSHMEM_SERVER_H
#define TRANSOM_HOST_SERVE_IVSHMEM_SERVER_H

#include "common/ivshmem_peer.h"
#include "host/serve/fd_store.h"
#include "host/serve/region_memory.h"

#include <sys/types.h>

struct event_loop;
struct ivshmem_server;

struct ivshmem_server_events {
  void (*changed)(void *user_data);           /* somebody came or went; a newcomer has been told nothing yet */
  void (*left)(uint32_t id, void *user_data); /* before `changed` */
};

struct ivshmem_server_options {
  struct region_memory *memory; /* outlives the server */
  uint32_t vector_count;        /* 1 .. IVSHMEM_VECTORS_MAX */
  const struct ivshmem_server_events *events;
  void *user_data;
};

struct ivshmem_peer_info {
  pid_t pid; /* SO_PEERCRED: whoever connected; 0 = in another pid namespace */
  uid_t uid;
  uint64_t start_ticks; /* of that process since boot; 0 = unknown */
};

/* Takes the eventfds and the peers of an earlier server out of `items`; makes what is missing. NULL: errno; EBADF when eventfds are missing
 * that peers hold, so that they can no longer be served. */
struct ivshmem_server *ivshmem_server_create(struct event_loop *loop, const struct ivshmem_server_options *options,
                                             struct fd_store_items *items);
void ivshmem_server_destroy(struct ivshmem_server *server); /* closes our ends; what the fd store keeps stays open */

/* Accepts on `listener`, which stays the caller's. 0 or -errno. */
int ivshmem_server_listen(struct ivshmem_server *server, int listener);

/* False: no such peer. */
bool ivshmem_server_peer(const struct ivshmem_server *server, uint32_t id, struct ivshmem_peer_info *info);

#endif
