/* QEMU's ivshmem server: hands the region and everybody's eventfds to everybody. Runs on one event loop, whose thread calls everything.
 *
 * Ids are 0 .. 15, the smallest free one for a newcomer; an id is also the index of the peer's line in the region, which is cleared when
 * the peer goes. A peer never sends: one that does is dropped. One that does not read costs what peer_outbox.h says. */
#ifndef TRANSOM_HOST_SERVE_IVSHMEM_SERVER_H
#define TRANSOM_HOST_SERVE_IVSHMEM_SERVER_H

#include "common/ivshmem_peer.h"
#include "host/serve/fd_store.h"
#include "host/serve/region_memory.h"

#include <sys/types.h>

struct event_loop;
struct ivshmem_server;

struct ivshmem_server_events {
  void (*changed)(void *user_data);           /* optional: somebody came or went */
  void (*left)(uint32_t id, void *user_data); /* optional: before `changed` */
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

struct ivshmem_server *ivshmem_server_create(struct event_loop *loop, const struct ivshmem_server_options *options); /* NULL: errno */
void ivshmem_server_destroy(struct ivshmem_server *server); /* closes our ends; what the fd store keeps stays open */

/* Takes over the peers that an earlier server had, and their descriptors out of `items`. */
void ivshmem_server_restore(struct ivshmem_server *server, struct fd_store_items *items);

/* Accepts on `listener`, which stays the caller's. 0 or -errno. */
int ivshmem_server_listen(struct ivshmem_server *server, int listener);

/* False: no such peer. */
bool ivshmem_server_peer(const struct ivshmem_server *server, uint32_t id, struct ivshmem_peer_info *info);

#endif
