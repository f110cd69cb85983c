#define LOG_MODULE "serve"
#include "host/serve/ivshmem_server.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/peer_outbox.h"
#include "host/serve/peer_process.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct server_peer {
  struct ivshmem_server *server;
  uint32_t id;
  int socket; /* -1: nobody has this id */
  int vectors[IVSHMEM_VECTORS_MAX];
  struct event_source *source;
  struct peer_outbox outbox;
  struct ivshmem_peer_info info;
  bool greeted; /* it knows everybody and everybody knows it, and the fd store knows that */
};

struct ivshmem_server {
  struct event_loop *loop;
  struct ivshmem_server_options options;
  struct event_source *listener;
  bool full_said; /* one line for all that are refused in a row */
  struct server_peer peers[IVSHMEM_PEERS_MAX];
};

static void on_peer(int fd, uint32_t events, void *user_data);

static bool exists(const struct server_peer *peer) { return peer->socket >= 0; }

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void close_peer(struct server_peer *peer) {
  event_source_remove(peer->source);
  peer->source = NULL;
  close_fd(&peer->socket);
  for (uint32_t i = 0; i < IVSHMEM_VECTORS_MAX; i++)
    close_fd(&peer->vectors[i]);
}

static void drop_from_store(const struct ivshmem_server *server, uint32_t id) {
  fd_store_drop(&(struct fd_store_name){FD_STORE_PEER, id, 0});
  fd_store_drop(&(struct fd_store_name){FD_STORE_GREETED, id, 0});
  for (uint32_t i = 0; i < server->options.vector_count; i++)
    fd_store_drop(&(struct fd_store_name){FD_STORE_VECTOR, id, i});
}

static void remove_peer(struct server_peer *peer, const char *reason) {
  struct ivshmem_server *server = peer->server;
  log_info("peer %u (pid %d) %s", peer->id, (int)peer->info.pid, reason);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (exists(&server->peers[i]) && &server->peers[i] != peer)
      peer_outbox_left(&server->peers[i].outbox, peer->id);
  drop_from_store(server, peer->id);
  close_peer(peer);
  region_memory_clear_consumer(server->options.memory, peer->id);
  if (server->options.events && server->options.events->left)
    server->options.events->left(peer->id, server->options.user_data);
}

/* Nothing about this peer waits in any outbox: the next server need not say it again. */
static bool all_is_told(const struct server_peer *peer) {
  if (peer->outbox.count)
    return false;
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (exists(&peer->server->peers[i]) && peer_outbox_mentions(&peer->server->peers[i].outbox, peer->id))
      return false;
  return true;
}

static void note_greeted(struct server_peer *peer) {
  int mark = eventfd(0, EFD_CLOEXEC);
  if (mark < 0)
    return; /* tried again with the next event */
  fd_store_put(&(struct fd_store_name){FD_STORE_GREETED, peer->id, 0}, mark);
  close(mark);
  peer->greeted = true;
}

static bool flush_peer(struct server_peer *peer) {
  int result = peer_outbox_flush(&peer->outbox, peer->socket);
  if (result && result != -EAGAIN) {
    remove_peer(peer, "does not take messages any more: dropped");
    return false;
  }
  event_source_set_events(peer->source, EVENT_READABLE | (peer->outbox.count ? EVENT_WRITABLE : 0u));
  return true;
}

static void say_changed(const struct ivshmem_server *server) {
  if (server->options.events && server->options.events->changed)
    server->options.events->changed(server->options.user_data);
}

/* Tells everybody what waits; what is written down about it is written before anybody is told. A peer that fails here leaves, which is news
 * for the others: so again until nobody fails, at most once a peer. */
static void flush_all(struct ivshmem_server *server) {
  bool again;
  say_changed(server);
  do {
    again = false;
    for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
      if (exists(&server->peers[i]) && !flush_peer(&server->peers[i]))
        again = true;
  } while (again);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (exists(&server->peers[i]) && !server->peers[i].greeted && all_is_told(&server->peers[i]))
      note_greeted(&server->peers[i]);
  say_changed(server);
}

static bool open_vectors(struct server_peer *peer, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    peer->vectors[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (peer->vectors[i] < 0)
      return false;
  }
  return true;
}

/* Watches `socket` as peer `peer->id`; its vectors are there. Both are closed when that fails. */
static bool begin_peer(struct server_peer *peer, int socket) {
  peer->socket = socket;
  peer->source = event_loop_add_fd(peer->server->loop, socket, EVENT_READABLE, on_peer, peer);
  if (!peer->source) {
    close_peer(peer);
    return false;
  }
  if (peer_process_credentials(socket, &peer->info.pid, &peer->info.uid))
    peer->info.start_ticks = peer_process_start_ticks(peer->info.pid);
  return true;
}

static void store_peer(const struct server_peer *peer) {
  for (uint32_t i = 0; i < peer->server->options.vector_count; i++)
    fd_store_put(&(struct fd_store_name){FD_STORE_VECTOR, peer->id, i}, peer->vectors[i]);
  fd_store_put(&(struct fd_store_name){FD_STORE_PEER, peer->id, 0}, peer->socket);
}

/* Stored before the first word is said, so that no peer can know of a descriptor that a crash would lose. */
static void greet(struct server_peer *peer) {
  struct ivshmem_server *server = peer->server;
  uint32_t vector_count = server->options.vector_count;
  store_peer(peer);
  peer_outbox_greet(&peer->outbox, peer->id, server->options.memory->fd);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct server_peer *other = &server->peers[i];
    if (!exists(other) || other == peer)
      continue;
    peer_outbox_joined(&peer->outbox, other->id, other->vectors, vector_count);
    peer_outbox_joined(&other->outbox, peer->id, peer->vectors, vector_count);
  }
  peer_outbox_joined(&peer->outbox, peer->id, peer->vectors, vector_count);
  char name[32];
  peer_process_name(peer->info.pid, name);
  log_info("peer %u: %s, pid %d, uid %u", peer->id, name, (int)peer->info.pid, (unsigned)peer->info.uid);
}

static struct server_peer *free_peer(struct ivshmem_server *server) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (!exists(&server->peers[i]))
      return &server->peers[i];
  return NULL;
}

static void on_listener(int listener, uint32_t events, void *user_data) {
  struct ivshmem_server *server = user_data;
  (void)events;
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0)
    return;
  struct server_peer *peer = free_peer(server);
  if (!peer) {
    if (!server->full_said)
      log_warning("refused a peer: all %u places are taken", IVSHMEM_PEERS_MAX);
    server->full_said = true;
    close(socket);
    return;
  }
  server->full_said = false;
  peer->greeted = false;
  peer->info = (struct ivshmem_peer_info){0};
  region_memory_clear_consumer(server->options.memory, peer->id);
  if (!open_vectors(peer, server->options.vector_count)) {
    log_error("cannot create eventfds: %s; refused a peer", strerror(errno));
    close_peer(peer);
    close(socket);
    return;
  }
  if (!begin_peer(peer, socket))
    return;
  greet(peer);
  flush_all(server);
}

static void on_peer(int fd, uint32_t events, void *user_data) {
  struct server_peer *peer = user_data;
  struct ivshmem_server *server = peer->server;
  if (events & (EVENT_READABLE | EVENT_HANGUP)) {
    char byte;
    ssize_t received = recv(fd, &byte, 1, MSG_DONTWAIT);
    if (received >= 0)
      remove_peer(peer, received ? "sent us something, which no ivshmem peer does: dropped" : "left");
    else if (errno != EAGAIN && errno != EINTR)
      remove_peer(peer, "left");
  }
  flush_all(server);
}

struct ivshmem_server *ivshmem_server_create(struct event_loop *loop, const struct ivshmem_server_options *options) {
  assert(options->vector_count >= 1 && options->vector_count <= IVSHMEM_VECTORS_MAX);
  struct ivshmem_server *server = calloc(1, sizeof *server);
  if (!server)
    return NULL;
  server->loop = loop;
  server->options = *options;
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct server_peer *peer = &server->peers[i];
    peer->server = server;
    peer->id = i;
    peer->socket = -1;
    memset(peer->vectors, -1, sizeof peer->vectors);
  }
  return server;
}

void ivshmem_server_destroy(struct ivshmem_server *server) {
  if (!server)
    return;
  event_source_remove(server->listener);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    close_peer(&server->peers[i]);
  free(server);
}

/* Only a peer that has everything: its greeting was over, and no eventfd is missing. */
static bool is_whole(const struct fd_store_items *items, uint32_t id, uint32_t vector_count) {
  if (items->sockets[id] < 0 || !items->greeted[id])
    return false;
  for (uint32_t i = 0; i < vector_count; i++)
    if (items->vectors[id][i] < 0)
      return false;
  return true;
}

static void restore_peer(struct ivshmem_server *server, struct fd_store_items *items, uint32_t id) {
  struct server_peer *peer = &server->peers[id];
  int socket = items->sockets[id];
  bool whole = is_whole(items, id, server->options.vector_count);
  memcpy(peer->vectors, items->vectors[id], sizeof peer->vectors);
  memset(items->vectors[id], -1, sizeof items->vectors[id]);
  items->sockets[id] = -1;
  peer->greeted = true;
  if (whole && begin_peer(peer, socket)) {
    log_info("peer %u (pid %d) is still there", id, (int)peer->info.pid);
    return;
  }
  if (socket >= 0 && !whole)
    close(socket);
  close_peer(peer);
  drop_from_store(server, id);
}

void ivshmem_server_restore(struct ivshmem_server *server, struct fd_store_items *items) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    restore_peer(server, items, i);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    if (!exists(&server->peers[i])) { /* perhaps it left while nobody listened, perhaps somebody was told and somebody not */
      region_memory_clear_consumer(server->options.memory, i);
      continue;
    }
    peer_outbox_resume(&server->peers[i].outbox);
    for (uint32_t gone = 0; gone < IVSHMEM_PEERS_MAX; gone++)
      if (!exists(&server->peers[gone]))
        peer_outbox_left(&server->peers[i].outbox, gone);
  }
  flush_all(server);
}

int ivshmem_server_listen(struct ivshmem_server *server, int listener) {
  server->listener = event_loop_add_fd(server->loop, listener, EVENT_READABLE, on_listener, server);
  return server->listener ? 0 : -errno;
}

bool ivshmem_server_peer(const struct ivshmem_server *server, uint32_t id, struct ivshmem_peer_info *info) {
  if (id >= IVSHMEM_PEERS_MAX || !exists(&server->peers[id]))
    return false;
  *info = server->peers[id].info;
  return true;
}
