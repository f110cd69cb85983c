#define LOG_MODULE "stats"
#include "host/app/stats_socket.h"

#include "common/log.h"
#include "common/unix_socket_linux.h"
#include "host/event/event_loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct stats_client {
  struct stats_socket *owner;
  int fd; /* -1: free */
  struct event_source *source;
};

struct stats_socket {
  char path[UNIX_SOCKET_PATH_BYTES_MAX];
  int fd;
  struct event_loop *loop;
  struct event_source *source;
  struct stats_client clients[STATS_SOCKET_CLIENTS_MAX];
  char line[STATS_SOCKET_LINE_BYTES];
  size_t length;
};

/* ---- start and end ---- */

/* What is left of a program that was killed; never a file, nor a socket with somebody behind it. */
static void remove_stale(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
    return;
  int connection = unix_socket_connect(path);
  if (connection >= 0)
    close(connection);
  else if (connection == -ECONNREFUSED)
    unlink(path);
}

static int bind_and_listen(int fd, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  remove_stale(path);
  mode_t before = umask(0177);
  int result = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
  umask(before);
  if (result == 0 && listen(fd, STATS_SOCKET_CLIENTS_MAX) != 0)
    result = -errno;
  return result;
}

struct stats_socket *stats_socket_create(const char *path, char *error, size_t capacity) {
  struct stats_socket *socket_ = calloc(1, sizeof *socket_);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int result = !socket_ ? -ENOMEM : fd < 0 ? -errno : bind_and_listen(fd, path);
  if (result) {
    snprintf(error, capacity, "cannot offer figures on %.100s: %s; choose another --stats-socket", path, strerror(-result));
    if (fd >= 0)
      close(fd);
    free(socket_);
    return NULL;
  }
  socket_->fd = fd;
  strcpy(socket_->path, path);
  for (size_t i = 0; i < STATS_SOCKET_CLIENTS_MAX; i++)
    socket_->clients[i] = (struct stats_client){.owner = socket_, .fd = -1};
  return socket_;
}

void stats_socket_destroy(struct stats_socket *socket) {
  if (!socket)
    return;
  assert(!socket->loop);
  unlink(socket->path);
  close(socket->fd);
  free(socket);
}

/* ---- clients ---- */

static void let_go(struct stats_client *client) {
  event_source_remove(client->source);
  close(client->fd);
  client->source = NULL;
  client->fd = -1;
}

/* It has nothing to say to us: it speaks, or it is gone. */
static void on_client(int fd, uint32_t events, void *user_data) {
  (void)fd;
  (void)events;
  let_go(user_data);
}

static void send_line(struct stats_client *client, const char *line, size_t length) {
  ssize_t sent = send(client->fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  bool missed_it_whole = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (sent != (ssize_t)length && !missed_it_whole)
    let_go(client);
}

static struct stats_client *free_client(struct stats_socket *socket) {
  for (size_t i = 0; i < STATS_SOCKET_CLIENTS_MAX; i++)
    if (socket->clients[i].fd < 0)
      return &socket->clients[i];
  return NULL;
}

static void on_connection(int fd, uint32_t events, void *user_data) {
  struct stats_socket *socket = user_data;
  struct stats_client *client = free_client(socket);
  int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  (void)events;
  if (connection < 0)
    return;
  if (client)
    client->source = event_loop_add_fd(socket->loop, connection, EVENT_READABLE, on_client, client);
  if (!client || !client->source) {
    log_warning("more than %u programs want figures: one was turned away", STATS_SOCKET_CLIENTS_MAX);
    close(connection);
    return;
  }
  client->fd = connection;
  if (socket->length)
    send_line(client, socket->line, socket->length);
}

int stats_socket_attach(struct stats_socket *socket, struct event_loop *loop) {
  if (!socket)
    return 0;
  socket->source = event_loop_add_fd(loop, socket->fd, EVENT_READABLE, on_connection, socket);
  if (!socket->source)
    return -ENOMEM;
  socket->loop = loop;
  return 0;
}

void stats_socket_detach(struct stats_socket *socket) {
  if (!socket || !socket->loop)
    return;
  for (size_t i = 0; i < STATS_SOCKET_CLIENTS_MAX; i++)
    if (socket->clients[i].fd >= 0)
      let_go(&socket->clients[i]);
  event_source_remove(socket->source);
  socket->loop = NULL;
}

void stats_socket_send(struct stats_socket *socket, const char *line, size_t length) {
  if (!socket)
    return;
  assert(length <= STATS_SOCKET_LINE_BYTES);
  memcpy(socket->line, line, length);
  socket->length = length;
  for (size_t i = 0; i < STATS_SOCKET_CLIENTS_MAX; i++)
    if (socket->clients[i].fd >= 0)
      send_line(&socket->clients[i], line, length);
}
