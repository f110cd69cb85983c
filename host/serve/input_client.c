#define LOG_MODULE "serve"
#include "host/serve/input_client.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/peer_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void input_client_refill(struct input_client *client) {
  client->lines_left = INPUT_CLIENT_LINES_A_SECOND;
  client->host_keys_left = INPUT_CLIENT_HOST_KEYS_A_SECOND;
}

bool input_client_may_say(struct input_client *client, bool is_host_key) {
  unsigned *left = is_host_key ? &client->host_keys_left : &client->lines_left;
  if (*left) {
    --*left;
    return true;
  }
  log_warning("pid %d says more than %u lines and %u host keys a second about input: dropped", (int)client->pid,
              INPUT_CLIENT_LINES_A_SECOND, INPUT_CLIENT_HOST_KEYS_A_SECOND);
  return false;
}

void input_client_say(struct input_client *client, const char *line, int fd) {
  if (line_socket_send(client->lines.fd, line, fd))
    shutdown(client->lines.fd, SHUT_RDWR);
}

void input_client_say_why(struct input_client *client, const char *word, const char *why) {
  char line[256];
  if (client->told == why)
    return;
  client->told = why;
  snprintf(line, sizeof line, "%s %s\n", word, why);
  input_client_say(client, line, -1);
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

bool input_client_make_held(struct input_client *client) {
  close_fd(&client->held);
  client->held = memfd_create("transom-held-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (client->held >= 0 && !ftruncate(client->held, sizeof(struct held_keys)) &&
      !fcntl(client->held, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
    return true;
  close_fd(&client->held);
  return false;
}

/* Read, not mapped: a copy that nobody changes under us. */
bool input_client_read_held(const struct input_client *client, struct held_keys *held) {
  return client->held >= 0 && pread(client->held, held, sizeof *held, 0) == (ssize_t)sizeof *held;
}

bool input_client_may_be_monitor(int fd, bool (*is_qemu_user)(uid_t uid, void *user_data), void *user_data) {
  int domain, type;
  socklen_t length = sizeof domain;
  pid_t pid;
  uid_t uid;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) || domain != AF_UNIX)
    return false;
  length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_STREAM)
    return false;
  return peer_process_credentials(fd, &pid, &uid) && is_qemu_user(uid, user_data);
}

void input_client_finish(struct input_client *client) {
  event_source_remove(client->source);
  event_source_remove(client->timer);
  close(client->lines.fd);
  line_socket_finish(&client->lines);
  close_fd(&client->held);
  close_fd(&client->qmp);
  client->source = client->timer = NULL;
  client->state = INPUT_IDLE;
}
