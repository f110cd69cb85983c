#include "bench/bench_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000

void bench_fail(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  exit(EXIT_FAILURE);
}

void bench_peer_init(struct bench_peer *peer, const char *socket_path) {
  struct stat status;
  if (ivshmem_peer_connect(&peer->ivshmem, socket_path, CONNECT_TIMEOUT_MS) != 0 || fstat(peer->ivshmem.region, &status) != 0)
    bench_fail("no transom-serve at the socket: start one");
  peer->bytes = (uint64_t)status.st_size;
  peer->base = mmap(NULL, peer->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, peer->ivshmem.region, 0);
  if (peer->base == MAP_FAILED)
    bench_fail("the region cannot be mapped");
}

void bench_peer_finish(struct bench_peer *peer) {
  munmap(peer->base, peer->bytes);
  ivshmem_peer_close(&peer->ivshmem);
}
