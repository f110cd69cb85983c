/* A region, opened and mapped: by an ivshmem server, a plain file, or /dev/kvmfr0. With a consumer line that is ours alone.
 *
 * The line's index is our peer id where there is a server; elsewhere the first line whose bytes we could lock (OFD lock: it ends with us,
 * however we end). Reference counted: the mapping, the descriptors and the line live until the last shared_memory_release().
 * Control plane. Threads: acquire and release any; the rest the owner's.
 *
 * A file that shrinks takes pages away under the mapping, and the next access would be SIGBUS. A region from transom-serve is sealed
 * against that. Files without the seal are guarded (memory_guard.h): zeros are read, `is_cut` is set, and the owner opens anew. */
#ifndef TRANSOM_HOST_LINK_SHARED_MEMORY_H
#define TRANSOM_HOST_LINK_SHARED_MEMORY_H

#include "common/ivshmem_peer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct shared_memory {
  volatile void *base; /* page-aligned, read-write */
  uint64_t bytes;
  uint32_t line;            /* ours */
  bool has_server;          /* `peer` is connected, or was */
  struct ivshmem_peer peer; /* the owner may dispatch it */
  atomic_bool line_is_lost; /* the server dropped us: the line may be another's by now */
  atomic_bool is_cut;       /* pages went away under the mapping */

  int fd;     /* private from here on */
  void *area; /* the mapping with what guards it */
  uint64_t area_bytes;
  dev_t device;
  ino_t inode;
  atomic_uint references;
};

/* Is `region` a string that names one: "server:SOCKET", or a path? */
bool shared_memory_is_name(const char *region);

/* 0; -ENOENT, -ECONNREFUSED nothing there yet; -EAGAIN a file that has no size yet; -EMSGSIZE a size that no region has; -EUSERS all
 * lines are taken; -EPROTO no ivshmem server; other -errno. A server gets `timeout_ms` to answer. */
int shared_memory_open(const char *region, int timeout_ms, struct shared_memory **memory);
struct shared_memory *shared_memory_acquire(struct shared_memory *memory);
void shared_memory_release(struct shared_memory *memory); /* NULL is fine */

/* The descriptor of what is mapped, the memory's own. */
int shared_memory_fd(const struct shared_memory *memory);

/* Files: does `region` still lead to this file, and is it still as long, and was it always? Always true with a server. */
bool shared_memory_is_current(const struct shared_memory *memory, const char *region);

/* Files: becomes controller by a lock on the rings' lines. 0; -EAGAIN another consumer is; other -errno. */
int shared_memory_lock_controller(struct shared_memory *memory);

#endif
