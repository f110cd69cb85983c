/* DIR/region.state: who had the region when its server was last heard of. A server that starts without the old descriptors reads it and
 * does not offer a second region while a VM still uses the first. Text, rewritten whole (and renamed into place) at each change. */
#ifndef TRANSOM_HOST_SERVE_REGION_STATE_H
#define TRANSOM_HOST_SERVE_REGION_STATE_H

#include "common/ivshmem_peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct region_state {
  uint32_t controller; /* peer id, or UINT32_MAX */
  struct region_state_peer {
    bool present;
    bool viewer; /* has a place on control.sock; everybody else counts as a VM */
    pid_t pid;
    uint64_t start_ticks;
  } peers[IVSHMEM_PEERS_MAX];
};

size_t region_state_format(const struct region_state *state, char *text, size_t capacity); /* length, 0 = no room */
bool region_state_parse(struct region_state *state, const char *text); /* false: not such a file; *state is written on success only */

int region_state_write(const struct region_state *state, const char *path); /* 0 or -errno */
int region_state_read(struct region_state *state, const char *path);        /* 0; -ENOENT; -EBADMSG; other -errno */

/* A living process that is no viewer and had the region; 0 = none. */
pid_t region_state_living_guest(const struct region_state *state);

#endif
