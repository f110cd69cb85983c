/* transom-serve without its command line: region, peers, viewers, and what survives a restart. */
#ifndef TRANSOM_HOST_SERVE_SERVER_H
#define TRANSOM_HOST_SERVE_SERVER_H

#include "host/serve/qemu_users.h"
#include "host/serve/serve_paths.h"

#include <stdbool.h>
#include <stdint.h>

struct server;

struct server_options {
  const struct serve_paths *paths;
  const struct qemu_users *qemu_users; /* who may connect to the USB channels */
  uint64_t region_bytes;
  uint32_t vector_count;
  bool is_private; /* ends with its standard input; says "ready SOCKET" on standard output */
};

/* NULL: the reason was logged. */
struct server *server_create(const struct server_options *options);
bool server_run(struct server *server); /* until SIGTERM, SIGINT or the parent's end; false: the kernel failed us */
void server_destroy(struct server *server);

#endif
