/* systemd's file-descriptor store: what must outlive this process. The one home of libsystemd.
 *
 * QEMU never connects to an ivshmem server a second time, so region, sockets and eventfds have to survive us. Names in the store (FDNAME):
 *   region-V       the memfd; V = vectors a peer
 *   peer-I         the socket of peer I
 *   greeted-I      any descriptor: peer I was told everything; without it the next server drops the peer.
 *                  (Not a second name for the socket: the store ignores a descriptor that it has.)
 *   vector-I-V     eventfd V of place I: there as long as the region
 * Whatever else arrives is a listening socket of the unit, told apart by its path. */
#ifndef TRANSOM_HOST_SERVE_FD_STORE_H
#define TRANSOM_HOST_SERVE_FD_STORE_H

#include "common/ivshmem_peer.h"

#include <stdbool.h>
#include <stdint.h>

enum fd_store_kind { FD_STORE_REGION, FD_STORE_PEER, FD_STORE_GREETED, FD_STORE_VECTOR, FD_STORE_OTHER };

struct fd_store_name {
  enum fd_store_kind kind;
  uint32_t id; /* REGION: the number of vectors */
  uint32_t vector;
};

/* Anything that is not one of ours, or out of bounds, is FD_STORE_OTHER. */
struct fd_store_name fd_store_parse(const char *name);

enum fd_store_listener {
  FD_STORE_LISTEN_REGION,
  FD_STORE_LISTEN_CONTROL,
  FD_STORE_LISTEN_USB_INPUT,
  FD_STORE_LISTEN_USB_AUDIO,
  FD_STORE_LISTENERS
};

struct fd_store_items { /* what the last server left us, and the listening sockets: ours to close */
  int region;           /* -1: none */
  uint32_t vector_count;
  int sockets[IVSHMEM_PEERS_MAX]; /* -1 */
  bool greeted[IVSHMEM_PEERS_MAX];
  int vectors[IVSHMEM_PEERS_MAX][IVSHMEM_VECTORS_MAX];
  int listeners[FD_STORE_LISTENERS]; /* -1: we bind ourselves */
};

void fd_store_items_init(struct fd_store_items *items); /* nothing was left */

/* Takes everything that systemd passed and forgets the environment variables. 0 or -errno. */
int fd_store_take(struct fd_store_items *items);

/* Closes everything in `items` but the listening sockets, and drops it from the store. */
void fd_store_forget(struct fd_store_items *items);

bool fd_store_is_offered(void); /* a service manager that keeps descriptors started us */
void fd_store_put(const struct fd_store_name *name, int fd);
void fd_store_drop(const struct fd_store_name *name);
void fd_store_say_ready(void);
void fd_store_say_stopping(void);

#endif
