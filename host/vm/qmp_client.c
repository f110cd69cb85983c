/* Connection states:
 *
 *   state        | connected   | line "QMP"      | reply to capabilities | time-out         | bytes end or are wrong
 *   DISCONNECTED | GREETING    | -               | -                     | connect          | -
 *   GREETING     | -           | NEGOTIATING     | (ignored)             | DISCONNECTED     | DISCONNECTED
 *   NEGOTIATING  | -           | (ignored)       | READY, or DISCONN.    | DISCONNECTED     | DISCONNECTED
 *   READY        | -           | (ignored)       | -                     | -                | DISCONNECTED
 */
#define LOG_MODULE "qmp"
#include "host/vm/qmp_client.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/event/event_loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 16384
#define READS_A_TURN 4 /* a flooding peer gets 64 KiB, then the other sources have their turn */

enum state { DISCONNECTED, GREETING, NEGOTIATING, READY };

struct pending {
  uint32_t id; /* 0 = free */
  qmp_reply_handler handler;
  void *user_data;
};

struct qmp_client {
  struct event_loop *loop;
  struct qmp_client_events events;
  void *user_data;
  struct sockaddr_un address;
  enum state state;
  int fd;                      /* -1 = none */
  struct event_source *source; /* of fd */
  struct event_source *timer;  /* DISCONNECTED: next try; until READY: the handshake's end */
  struct qmp_parser parser;
  struct pending pending[QMP_PENDING_MAX];
  uint32_t id; /* the last one used */
  int said;    /* the error that the user was told last, so that each is told once */
  size_t unsent;
  char out[QMP_PENDING_MAX * QMP_COMMAND_BYTES_MAX]; /* QMP_PENDING_MAX commands of the largest size always fit */
};

static void disconnect(struct qmp_client *client, int error, const char *what) {
  if (client->said != error)
    log_warning("%s: %s (%s); trying again every second", client->address.sun_path, what, strerror(error));
  client->said = error;
  event_source_remove(client->source);
  client->source = NULL;
  if (client->fd >= 0)
    close(client->fd);
  client->fd = -1;
  const bool was_ready = client->state == READY;
  client->state = DISCONNECTED;
  client->unsent = 0;
  qmp_parser_clear(&client->parser);
  event_timer_set(client->timer, QMP_RETRY_NS, 0);
  for (size_t i = 0; i < QMP_PENDING_MAX; i++) {
    const struct pending pending = client->pending[i];
    client->pending[i] = (struct pending){0};
    if (pending.id && pending.handler)
      pending.handler(-EPIPE, NULL, "connection lost", pending.user_data);
  }
  if (was_ready && client->events.lost)
    client->events.lost(client->user_data);
}

/* Sends what fits now. A broken connection shows itself to the reader in the next turn, so that no caller is cut off in mid-air. */
static void flush(struct qmp_client *client) {
  ssize_t sent = 0;
  while (client->unsent > 0 && (sent = send(client->fd, client->out, client->unsent, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0) {
    client->unsent -= (size_t)sent;
    memmove(client->out, client->out + sent, client->unsent);
  }
  if (sent < 0 && errno != EAGAIN && errno != EINTR)
    client->unsent = 0;
  event_source_set_events(client->source, client->unsent ? EVENT_READABLE | EVENT_WRITABLE : EVENT_READABLE);
}

static struct pending *find_pending(struct qmp_client *client, uint32_t id) {
  for (size_t i = 0; i < QMP_PENDING_MAX; i++)
    if (client->pending[i].id == id)
      return &client->pending[i];
  return NULL;
}

static int send_command(struct qmp_client *client, const char *command, const char *arguments, qmp_reply_handler handler, void *user_data) {
  struct pending *pending = find_pending(client, 0);
  if (!pending)
    return -EAGAIN;
  char *end = client->out + client->unsent;
  const size_t room = sizeof(client->out) - client->unsent;
  const size_t limit = room < QMP_COMMAND_BYTES_MAX ? room : QMP_COMMAND_BYTES_MAX;
  uint32_t id = client->id + 1;
  id += id == 0;
  const int bytes = snprintf(end, limit, "{\"execute\":\"%s\",\"arguments\":%s,\"id\":%u}\n", command, arguments ? arguments : "{}", id);
  if (bytes < 0 || (size_t)bytes >= limit)
    return -EMSGSIZE;
  client->id = id;
  *pending = (struct pending){.id = id, .handler = handler, .user_data = user_data};
  client->unsent += (size_t)bytes;
  flush(client);
  return 0;
}

static void on_capabilities(int status, const struct qmp_value *result, const char *error, void *user_data) {
  (void)result;
  struct qmp_client *client = user_data;
  if (status == -EPIPE)
    return;
  if (status) {
    log_warning("%s: QEMU refuses qmp_capabilities (%s)", client->address.sun_path, error);
    return; /* the handshake's timer ends it */
  }
  client->state = READY;
  client->said = 0;
  event_timer_set(client->timer, 0, 0);
  log_info("%s: connected", client->address.sun_path);
  if (client->events.ready)
    client->events.ready(client->user_data);
}

static void handle_reply(struct qmp_client *client, const struct qmp_value *message) {
  double id = 0;
  if (!qmp_value_number(qmp_value_member(message, "id"), &id) || id < 1 || id > UINT32_MAX)
    return; /* QEMU's answer to something that had no id: nothing of ours */
  struct pending *slot = find_pending(client, (uint32_t)id);
  if (!slot)
    return;
  const struct pending pending = *slot;
  *slot = (struct pending){0};
  if (!pending.handler)
    return;
  const struct qmp_value *error = qmp_value_member(message, "error");
  const char *description = qmp_value_string(qmp_value_member(error, "desc"));
  if (error)
    pending.handler(-EREMOTEIO, NULL, description ? description : "no reason given", pending.user_data);
  else
    pending.handler(0, qmp_value_member(message, "return"), NULL, pending.user_data);
}

static bool on_message(const struct qmp_value *message, void *user_data) {
  struct qmp_client *client = user_data;
  if (client->state == GREETING) {
    if (!qmp_value_member(message, "QMP"))
      return false;
    client->state = NEGOTIATING;
    return send_command(client, "qmp_capabilities", NULL, on_capabilities, client) == 0;
  }
  const char *event = qmp_value_string(qmp_value_member(message, "event"));
  if (!event)
    handle_reply(client, message);
  else if (client->state == READY && client->events.event)
    client->events.event(event, qmp_value_member(message, "data"), client->user_data);
  return true;
}

static void read_some(struct qmp_client *client) {
  char bytes[READ_BYTES];
  for (int i = 0; i < READS_A_TURN; i++) {
    const ssize_t count = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (count <= 0) {
      disconnect(client, count ? errno : EPIPE, "QEMU's monitor closed the connection");
      return;
    }
    const int status = qmp_parser_feed(&client->parser, bytes, (size_t)count, on_message, client);
    if (status) {
      disconnect(client, -status, "what came is not the talk of QEMU's monitor");
      return;
    }
    if ((size_t)count < sizeof(bytes))
      return;
  }
}

static void on_socket(int fd, uint32_t events, void *user_data) {
  (void)fd;
  struct qmp_client *client = user_data;
  if (events & EVENT_WRITABLE)
    flush(client);
  if (events & (EVENT_READABLE | EVENT_HANGUP))
    read_some(client);
}

static void try_connect(struct qmp_client *client) {
  client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (client->fd < 0 || connect(client->fd, (const struct sockaddr *)&client->address, sizeof(client->address))) {
    disconnect(client, errno, "cannot connect to QEMU's monitor");
    return;
  }
  client->source = event_loop_add_fd(client->loop, client->fd, EVENT_READABLE, on_socket, client);
  if (!client->source) {
    disconnect(client, ENOMEM, "cannot watch QEMU's monitor");
    return;
  }
  client->state = GREETING;
  event_timer_set(client->timer, QMP_HANDSHAKE_NS, 0);
}

static void on_timer(void *user_data) {
  struct qmp_client *client = user_data;
  if (client->state == DISCONNECTED)
    try_connect(client);
  else if (client->state != READY)
    disconnect(client, ETIMEDOUT, "QEMU's monitor does not greet; does another program hold it?");
}

struct qmp_client *qmp_client_create(struct event_loop *loop, const char *socket_path, const struct qmp_client_events *events,
                                     void *user_data) {
  const size_t length = strlen(socket_path);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (length == 0 || length >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  memcpy(address.sun_path, socket_path, length);
  struct qmp_client *client = calloc(1, sizeof(*client));
  if (!client)
    return NULL;
  client->loop = loop;
  client->events = *events;
  client->user_data = user_data;
  client->address = address;
  client->fd = -1;
  qmp_parser_init(&client->parser);
  client->timer = event_loop_add_timer(loop, on_timer, client);
  if (!client->timer) {
    free(client);
    errno = ENOMEM;
    return NULL;
  }
  try_connect(client);
  return client;
}

void qmp_client_destroy(struct qmp_client *client) {
  if (!client)
    return;
  event_source_remove(client->source);
  event_source_remove(client->timer);
  if (client->fd >= 0)
    close(client->fd);
  qmp_parser_finish(&client->parser);
  free(client);
}

bool qmp_client_is_ready(const struct qmp_client *client) { return client->state == READY; }

int qmp_client_socket(const struct qmp_client *client) { return client->fd; }

int qmp_client_execute(struct qmp_client *client, const char *command, const char *arguments, qmp_reply_handler handler, void *user_data) {
  return client->state == READY ? send_command(client, command, arguments, handler, user_data) : -ENOTCONN;
}

static bool has_pending(const struct qmp_client *client) {
  for (size_t i = 0; i < QMP_PENDING_MAX; i++)
    if (client->pending[i].id)
      return true;
  return false;
}

bool qmp_client_drain(struct qmp_client *client, int timeout_ms) {
  const uint64_t end_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * UINT64_C(1000000);
  while (client->state == READY && has_pending(client)) {
    const uint64_t now_ns = clock_monotonic_ns();
    if (now_ns >= end_ns)
      return false;
    struct pollfd wait = {.fd = client->fd, .events = (short)(POLLIN | (client->unsent ? POLLOUT : 0))};
    if (poll(&wait, 1, (int)((end_ns - now_ns) / 1000000) + 1) <= 0)
      continue;
    if (wait.revents & POLLOUT)
      flush(client);
    if (wait.revents & ~POLLOUT)
      read_some(client);
  }
  return !has_pending(client);
}
