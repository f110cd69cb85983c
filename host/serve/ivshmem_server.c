#define LOG_MODULE "serve"
#include "host/serve/ivshmem_server.h"

#include "common/ivshmem_message.h"
#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/peer_process.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* A greeting is at most 3 + 16 x 8 messages, for each of which the kernel accounts less than 1 KiB: it fits at once or not at all. */
#define GREETING_BYTES (256 * 1024)

struct server_place {
  struct ivshmem_server *server;
  uint32_t id;
  int vectors[IVSHMEM_VECTORS_MAX]; /* as long as the region */
  int socket;                       /* -1: nobody is here */
  struct event_source *source;
  struct ivshmem_peer_info info;
};

struct ivshmem_server {
  struct event_loop *loop;
  struct ivshmem_server_options options;
  struct event_source *listener;
  bool full_said; /* one line for all that are refused in a row */
  struct server_place places[IVSHMEM_PEERS_MAX];
};

static void on_peer(int fd, uint32_t events, void *user_data);

static bool is_taken(const struct server_place *place) { return place->socket >= 0; }

static void say_changed(const struct ivshmem_server *server) { server->options.events->changed(server->options.user_data); }

static void drop_from_store(uint32_t id) {
  fd_store_drop(&(struct fd_store_name){FD_STORE_PEER, id, 0});
  fd_store_drop(&(struct fd_store_name){FD_STORE_GREETED, id, 0});
}

static void vacate(struct server_place *place) {
  event_source_remove(place->source);
  place->source = NULL;
  if (place->socket >= 0)
    close(place->socket);
  place->socket = -1;
}

static void remove_peer(struct server_place *place, const char *reason) {
  struct ivshmem_server *server = place->server;
  drop_from_store(place->id);
  vacate(place);
  region_memory_clear_consumer(server->options.memory, place->id);
  log_info("peer %u (pid %d) %s", place->id, (int)place->info.pid, reason);
  server->options.events->left(place->id, server->options.user_data);
  say_changed(server);
}

static void on_peer(int fd, uint32_t events, void *user_data) {
  char byte;
  (void)events;
  ssize_t received = recv(fd, &byte, 1, MSG_DONTWAIT);
  if (received > 0)
    remove_peer(user_data, "sent us something, which no ivshmem peer does: dropped");
  else if (received == 0 || (errno != EAGAIN && errno != EINTR))
    remove_peer(user_data, "left");
}

/* Watches `socket` at this place; takes it only when that succeeds. */
static bool occupy(struct server_place *place, int socket) {
  place->source = event_loop_add_fd(place->server->loop, socket, EVENT_READABLE, on_peer, place);
  if (!place->source)
    return false;
  place->socket = socket;
  place->info = (struct ivshmem_peer_info){0};
  if (peer_process_credentials(socket, &place->info.pid, &place->info.uid))
    place->info.start_ticks = peer_process_start_ticks(place->info.pid);
  return true;
}

/* ---- newcomers ---- */

static int send_vectors(int socket, const struct server_place *place) {
  int result = 0;
  for (uint32_t i = 0; i < place->server->options.vector_count && !result; i++)
    result = ivshmem_message_send(socket, place->id, place->vectors[i]);
  return result;
}

/* Its own eventfds come last, as in QEMU's server. 0 or -errno. */
static int send_greeting(const struct server_place *place) {
  const struct ivshmem_server *server = place->server;
  int bytes = GREETING_BYTES;
  setsockopt(place->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  int result = ivshmem_message_send(place->socket, IVSHMEM_PROTOCOL_VERSION, -1);
  if (!result)
    result = ivshmem_message_send(place->socket, place->id, -1);
  if (!result)
    result = ivshmem_message_send(place->socket, IVSHMEM_MESSAGE_REGION, server->options.memory->fd);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX && !result; i++)
    if (i != place->id)
      result = send_vectors(place->socket, &server->places[i]);
  return result ? result : send_vectors(place->socket, place);
}

static void mark_greeted(const struct server_place *place) {
  int mark = eventfd(0, EFD_CLOEXEC); /* a descriptor of its own: the store ignores one that it has */
  if (mark < 0)
    return;
  fd_store_put(&(struct fd_store_name){FD_STORE_GREETED, place->id, 0}, mark);
  close(mark);
}

/* What was rung for whoever was here before. */
static void drain(const struct server_place *place) {
  uint64_t count;
  for (uint32_t i = 0; i < place->server->options.vector_count; i++)
    if (read(place->vectors[i], &count, sizeof count) < 0 && errno != EAGAIN)
      log_warning("cannot read an eventfd: %s", strerror(errno));
}

/* Stored and written down before the first word is said, so that no peer can know of anything that a crash would lose. A peer that was
 * not greeted to the end has no mark, and the next server drops it. */
static void greet(struct server_place *place) {
  char name[32];
  peer_process_name(place->info.pid, name);
  log_info("peer %u: %s, pid %d, uid %u", place->id, name, (int)place->info.pid, (unsigned)place->info.uid);
  fd_store_put(&(struct fd_store_name){FD_STORE_PEER, place->id, 0}, place->socket);
  say_changed(place->server);
  int error = send_greeting(place);
  if (error)
    remove_peer(place, error == -EPIPE ? "left at once" : "does not take its greeting: dropped"); /* at once: it only asked who is here */
  else
    mark_greeted(place);
}

static struct server_place *free_place(struct ivshmem_server *server) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (!is_taken(&server->places[i]))
      return &server->places[i];
  return NULL;
}

static void on_listener(int listener, uint32_t events, void *user_data) {
  struct ivshmem_server *server = user_data;
  (void)events;
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0)
    return;
  struct server_place *place = free_place(server);
  if (!place && !server->full_said)
    log_warning("refused a peer: all %u places are taken", IVSHMEM_PEERS_MAX);
  server->full_said = !place;
  if (!place || !occupy(place, socket)) {
    close(socket);
    return;
  }
  region_memory_clear_consumer(server->options.memory, place->id);
  drain(place);
  greet(place);
}

/* ---- life ---- */

/* Only a peer whose greeting was over is taken on. */
static void restore_peer(struct server_place *place, struct fd_store_items *items) {
  int socket = items->sockets[place->id];
  items->sockets[place->id] = -1;
  if (socket >= 0 && items->greeted[place->id] && occupy(place, socket)) {
    log_info("peer %u (pid %d) is still there", place->id, (int)place->info.pid);
    return;
  }
  if (socket >= 0)
    close(socket);
  drop_from_store(place->id);
  region_memory_clear_consumer(place->server->options.memory, place->id);
}

static bool has_peers(const struct fd_store_items *items) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (items->sockets[i] >= 0 && items->greeted[i])
      return true;
  return false;
}

/* Taken over, or new; new ones only where nobody can hold the old. */
static bool open_vectors(struct server_place *place, struct fd_store_items *items, bool may_create) {
  for (uint32_t i = 0; i < place->server->options.vector_count; i++) {
    place->vectors[i] = items->vectors[place->id][i];
    items->vectors[place->id][i] = -1;
    if (place->vectors[i] >= 0)
      continue;
    if (!may_create) {
      errno = EBADF;
      return false;
    }
    place->vectors[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (place->vectors[i] < 0)
      return false;
    fd_store_put(&(struct fd_store_name){FD_STORE_VECTOR, place->id, i}, place->vectors[i]);
  }
  return true;
}

static void init_places(struct ivshmem_server *server) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct server_place *place = &server->places[i];
    place->server = server;
    place->id = i;
    place->socket = -1;
    memset(place->vectors, -1, sizeof place->vectors);
  }
}

struct ivshmem_server *ivshmem_server_create(struct event_loop *loop, const struct ivshmem_server_options *options,
                                             struct fd_store_items *items) {
  assert(options->vector_count >= 1 && options->vector_count <= IVSHMEM_VECTORS_MAX);
  struct ivshmem_server *server = calloc(1, sizeof *server);
  if (!server)
    return NULL;
  server->loop = loop;
  server->options = *options;
  init_places(server);
  bool may_create = !has_peers(items);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    if (!open_vectors(&server->places[i], items, may_create)) {
      int error = errno;
      ivshmem_server_destroy(server);
      errno = error;
      return NULL;
    }
  }
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    restore_peer(&server->places[i], items);
  return server;
}

void ivshmem_server_destroy(struct ivshmem_server *server) {
  if (!server)
    return;
  event_source_remove(server->listener);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct server_place *place = &server->places[i];
    vacate(place);
    for (uint32_t k = 0; k < IVSHMEM_VECTORS_MAX; k++)
      if (place->vectors[k] >= 0)
        close(place->vectors[k]);
  }
  free(server);
}

int ivshmem_server_listen(struct ivshmem_server *server, int listener) {
  server->listener = event_loop_add_fd(server->loop, listener, EVENT_READABLE, on_listener, server);
  return server->listener ? 0 : -errno;
}

bool ivshmem_server_peer(const struct ivshmem_server *server, uint32_t id, struct ivshmem_peer_info *info) {
  if (id >= IVSHMEM_PEERS_MAX || !is_taken(&server->places[id]))
    return false;
  *info = server->places[id].info;
  return true;
}
