/* A process of a benchmark as an ordinary peer of transom-serve: connection and mapping. */
#ifndef TRANSOM_TESTS_BENCH_BENCH_PEER_H
#define TRANSOM_TESTS_BENCH_BENCH_PEER_H

#include "common/ivshmem_peer.h"

struct bench_peer {
  struct ivshmem_peer ivshmem;
  uint8_t *base;
  uint64_t bytes;
};

/* Ends the program with one line when that fails: nothing can be measured then. */
void bench_peer_init(struct bench_peer *peer, const char *socket_path);
void bench_peer_finish(struct bench_peer *peer);

_Noreturn void bench_fail(const char *what);

#endif
