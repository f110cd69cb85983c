#define LOG_MODULE "serve"
#include "host/serve/viewer_control.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/control_line.h"
#include "host/serve/ivshmem_server.h"
#include "host/serve/peer_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX IVSHMEM_PEERS_MAX /* each is a peer as well, or about to be handed on */

struct control_client {
  struct viewer_control *control;
  int socket; /* -1: free */
  struct event_source *source;
  struct control_line_buffer line;
  uint32_t peer_id; /* or VIEWER_CONTROL_NOBODY */
  uint64_t asked;   /* the smaller, the earlier; 0 = does not want to be controller */
};

struct viewer_control {
  struct event_loop *loop;
  const struct ivshmem_server *server;
  const struct viewer_control_events *events;
  void *user_data;
  struct event_source *listener;
  struct control_client clients[CLIENTS_MAX];
  struct control_client *holder; /* NULL: nobody */
  uint32_t reserved;             /* was controller under an earlier server, has not come back yet */
  uint32_t viewer_mask;
  uint64_t asked;
};

static void say(struct control_client *client, const char *line) {
  ssize_t sent = send(client->socket, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != (ssize_t)strlen(line))
    shutdown(client->socket, SHUT_RDWR); /* reads the end next, and goes that way */
}

static void grant(struct viewer_control *control, struct control_client *client) {
  control->holder = client;
  control->reserved = VIEWER_CONTROL_NOBODY;
  log_info("peer %u is controller", client->peer_id);
  control->events->changed(control->user_data); /* recorded before it is said: a restart must not give it to another */
  say(client, "granted\n");
}

static void grant_next(struct viewer_control *control) {
  struct control_client *next = NULL;
  if (control->holder || control->reserved != VIEWER_CONTROL_NOBODY)
    return;
  for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
    struct control_client *client = &control->clients[i];
    if (client->socket >= 0 && client->asked && (!next || client->asked < next->asked))
      next = client;
  }
  if (next)
    grant(control, next);
}

static void forget(struct control_client *client) {
  event_source_remove(client->source);
  client->source = NULL;
  client->socket = -1;
}

static void close_client(struct control_client *client) {
  struct viewer_control *control = client->control;
  close(client->socket);
  forget(client);
  client->asked = 0;
  client->peer_id = VIEWER_CONTROL_NOBODY;
  if (control->holder == client)
    control->holder = NULL;
}

static bool peer_is_taken(const struct viewer_control *control, uint32_t id) {
  for (uint32_t i = 0; i < CLIENTS_MAX; i++)
    if (control->clients[i].socket >= 0 && control->clients[i].peer_id == id)
      return true;
  return false;
}

static bool on_peer(struct control_client *client, uint32_t id) {
  struct viewer_control *control = client->control;
  struct ivshmem_peer_info info;
  pid_t pid;
  uid_t uid;
  bool same_process = peer_process_credentials(client->socket, &pid, &uid) && ivshmem_server_peer(control->server, id, &info) &&
                      info.pid == pid && info.uid == uid;
  if (client->peer_id != VIEWER_CONTROL_NOBODY || !same_process || peer_is_taken(control, id)) {
    say(client, "error not your peer\n");
    return false;
  }
  client->peer_id = id;
  control->viewer_mask |= 1u << id;
  say(client, "ok\n");
  return true;
}

static bool on_controller(struct control_client *client) {
  struct viewer_control *control = client->control;
  if (client->peer_id == VIEWER_CONTROL_NOBODY || client->asked)
    return false;
  client->asked = ++control->asked;
  if (control->reserved == client->peer_id)
    control->reserved = VIEWER_CONTROL_NOBODY;
  if (!control->holder && control->reserved == VIEWER_CONTROL_NOBODY)
    grant(control, client);
  else
    say(client, "busy\n");
  return true;
}

/* The old one gets back into the queue, at its end. */
static bool on_take(struct control_client *client) {
  struct viewer_control *control = client->control;
  if (client->peer_id == VIEWER_CONTROL_NOBODY)
    return false;
  if (control->holder && control->holder != client) {
    control->holder->asked = ++control->asked;
    say(control->holder, "lost\n");
  }
  if (!client->asked)
    client->asked = ++control->asked;
  grant(control, client);
  return true;
}

static bool on_line(struct control_client *client, size_t bytes) {
  uint32_t id;
  switch (control_line_parse(client->line.bytes, bytes, &id)) {
  case CONTROL_PEER:
    return on_peer(client, id);
  case CONTROL_CONTROLLER:
    return on_controller(client);
  case CONTROL_TAKE:
    return on_take(client);
  default:
    return false;
  }
}

/* True: this line made the connection somebody else's. */
static bool hand_on(struct control_client *client, size_t line_bytes, const char *rest, size_t bytes) {
  struct viewer_control *control = client->control;
  uint32_t id;
  const enum control_command command = control_line_parse(client->line.bytes, line_bytes, &id);
  if (client->peer_id != VIEWER_CONTROL_NOBODY || (command != CONTROL_INPUT && command != CONTROL_INPUT_TAKE))
    return false;
  const int socket = client->socket;
  forget(client);
  control->events->input(socket, command == CONTROL_INPUT_TAKE, rest, bytes, control->user_data);
  return true;
}

/* False: the client is to go. */
static bool read_lines(struct control_client *client) {
  char bytes[256]; /* what one event takes; the rest comes with the next */
  ssize_t count = recv(client->socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count <= 0)
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  for (size_t used = 0; used < (size_t)count;) {
    int line_bytes;
    used += control_line_feed(&client->line, bytes + used, (size_t)count - used, &line_bytes);
    if (line_bytes >= 0 && hand_on(client, (size_t)line_bytes, bytes + used, (size_t)count - used))
      return true;
    if (line_bytes == -2 || (line_bytes >= 0 && !on_line(client, (size_t)line_bytes)))
      return false;
  }
  return true;
}

static void on_client(int fd, uint32_t events, void *user_data) {
  struct control_client *client = user_data;
  struct viewer_control *control = client->control;
  (void)fd, (void)events;
  if (!read_lines(client))
    close_client(client);
  grant_next(control);
  control->events->changed(control->user_data);
}

static void on_listener(int listener, uint32_t events, void *user_data) {
  struct viewer_control *control = user_data;
  (void)events;
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0)
    return;
  for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
    struct control_client *client = &control->clients[i];
    if (client->socket >= 0)
      continue;
    client->source = event_loop_add_fd(control->loop, socket, EVENT_READABLE, on_client, client);
    if (!client->source)
      break;
    client->socket = socket;
    client->line.filled = 0;
    return;
  }
  close(socket);
}

struct viewer_control *viewer_control_create(struct event_loop *loop, const struct ivshmem_server *server,
                                             const struct viewer_control_events *events, void *user_data) {
  struct viewer_control *control = calloc(1, sizeof *control);
  if (!control)
    return NULL;
  *control =
      (struct viewer_control){.loop = loop, .server = server, .events = events, .user_data = user_data, .reserved = VIEWER_CONTROL_NOBODY};
  for (uint32_t i = 0; i < CLIENTS_MAX; i++)
    control->clients[i] = (struct control_client){.control = control, .socket = -1, .peer_id = VIEWER_CONTROL_NOBODY};
  return control;
}

void viewer_control_destroy(struct viewer_control *control) {
  if (!control)
    return;
  event_source_remove(control->listener);
  for (uint32_t i = 0; i < CLIENTS_MAX; i++)
    if (control->clients[i].socket >= 0)
      close_client(&control->clients[i]);
  free(control);
}

void viewer_control_restore(struct viewer_control *control, uint32_t viewer_mask, uint32_t controller) {
  control->viewer_mask = viewer_mask;
  control->reserved = controller;
}

int viewer_control_listen(struct viewer_control *control, int listener) {
  control->listener = event_loop_add_fd(control->loop, listener, EVENT_READABLE, on_listener, control);
  return control->listener ? 0 : -errno;
}

void viewer_control_peer_left(struct viewer_control *control, uint32_t id) {
  control->viewer_mask &= ~(1u << id);
  if (control->reserved == id)
    control->reserved = VIEWER_CONTROL_NOBODY;
  for (uint32_t i = 0; i < CLIENTS_MAX; i++)
    if (control->clients[i].socket >= 0 && control->clients[i].peer_id == id)
      close_client(&control->clients[i]);
  grant_next(control);
}

bool viewer_control_is_viewer(const struct viewer_control *control, uint32_t id) { return control->viewer_mask >> id & 1; }

uint32_t viewer_control_controller(const struct viewer_control *control) {
  return control->holder ? control->holder->peer_id : control->reserved;
}
