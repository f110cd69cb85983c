#include "host/link/controller_claim.h"

#include "host/event/event_loop.h"
#include "host/link/shared_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_NS UINT64_C(1000000000)

struct controller_claim {
  struct event_loop *loop;
  struct shared_memory *memory;
  struct sockaddr_un address; /* of control.sock; empty for files */
  void (*changed)(void *user_data);
  void *user_data;
  int socket; /* -1: not connected */
  struct event_source *source;
  struct event_source *retry;
  char line[CONTROLLER_ANSWER_BYTES_MAX];
  size_t filled;
  bool granted;
};

enum controller_answer controller_answer_parse(const char *line, size_t bytes) {
  static const char *const words[] = {"ok", "granted", "busy", "lost"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (bytes == strlen(words[i]) && !memcmp(line, words[i], bytes))
      return (enum controller_answer)i;
  return CONTROLLER_ERROR;
}

static void set_granted(struct controller_claim *claim, bool granted) {
  if (claim->granted == granted)
    return;
  claim->granted = granted;
  claim->changed(claim->user_data);
}

static void disconnect(struct controller_claim *claim) {
  event_source_remove(claim->source);
  claim->source = NULL;
  if (claim->socket >= 0)
    close(claim->socket);
  claim->socket = -1;
}

/* While the server is away who was controller stays it; somebody else can only become it through the server. */
static void lose_server(struct controller_claim *claim, bool keep_granted) {
  disconnect(claim);
  event_timer_set(claim->retry, RETRY_NS, 0);
  if (!keep_granted)
    set_granted(claim, false);
}

static bool on_line(struct controller_claim *claim, size_t bytes) {
  switch (controller_answer_parse(claim->line, bytes)) {
  case CONTROLLER_OK:
    return true;
  case CONTROLLER_GRANTED:
    set_granted(claim, true);
    return true;
  case CONTROLLER_BUSY:
  case CONTROLLER_LOST:
    set_granted(claim, false);
    return true;
  case CONTROLLER_ERROR:
    break;
  }
  return false;
}

static bool take_bytes(struct controller_claim *claim, const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] == '\n') {
      size_t length = claim->filled;
      claim->filled = 0;
      if (!on_line(claim, length))
        return false;
    } else if (claim->filled == CONTROLLER_ANSWER_BYTES_MAX - 1) {
      return false;
    } else {
      claim->line[claim->filled++] = bytes[i];
    }
  }
  return true;
}

static void on_socket(int fd, uint32_t events, void *user_data) {
  struct controller_claim *claim = user_data;
  char bytes[256];
  (void)events;
  ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count <= 0)
    lose_server(claim, true);
  else if (!take_bytes(claim, bytes, (size_t)count))
    lose_server(claim, false);
}

static bool ask_server(struct controller_claim *claim) {
  char lines[64];
  int length = snprintf(lines, sizeof lines, "peer %u\ncontroller\n", claim->memory->peer.id);
  claim->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (claim->socket < 0 || connect(claim->socket, (const struct sockaddr *)&claim->address, sizeof claim->address) ||
      send(claim->socket, lines, (size_t)length, MSG_NOSIGNAL) != length)
    return false;
  claim->filled = 0;
  claim->source = event_loop_add_fd(claim->loop, claim->socket, EVENT_READABLE, on_socket, claim);
  return claim->source != NULL;
}

static void try_claim(void *user_data) {
  struct controller_claim *claim = user_data;
  if (claim->address.sun_path[0]) {
    if (!ask_server(claim))
      lose_server(claim, true);
    return;
  }
  if (shared_memory_lock_controller(claim->memory))
    event_timer_set(claim->retry, RETRY_NS, 0);
  else
    set_granted(claim, true);
}

/* control.sock lies beside the region's socket. */
static bool set_address(struct controller_claim *claim, const char *region) {
  const char *socket = strchr(region, ':') + 1;
  const char *slash = strrchr(socket, '/');
  int directory_bytes = slash ? (int)(slash - socket) + 1 : 0;
  claim->address.sun_family = AF_UNIX;
  int length = snprintf(claim->address.sun_path, sizeof claim->address.sun_path, "%.*scontrol.sock", directory_bytes, socket);
  return length > 0 && length < (int)sizeof claim->address.sun_path;
}

struct controller_claim *controller_claim_create(struct event_loop *loop, const char *region, struct shared_memory *memory,
                                                 void (*changed)(void *user_data), void *user_data) {
  struct controller_claim *claim = calloc(1, sizeof *claim);
  if (!claim)
    return NULL;
  *claim = (struct controller_claim){.loop = loop, .changed = changed, .user_data = user_data, .socket = -1};
  claim->retry = event_loop_add_timer(loop, try_claim, claim);
  if (!claim->retry || (memory->has_server && !set_address(claim, region))) {
    event_source_remove(claim->retry);
    free(claim);
    return NULL;
  }
  claim->memory = shared_memory_acquire(memory);
  event_timer_set(claim->retry, 1, 0); /* soon, but not before our caller knows us */
  return claim;
}

void controller_claim_destroy(struct controller_claim *claim) {
  if (!claim)
    return;
  disconnect(claim);
  event_source_remove(claim->retry);
  shared_memory_release(claim->memory);
  free(claim);
}

bool controller_claim_is_granted(const struct controller_claim *claim) { return claim && claim->granted; }
