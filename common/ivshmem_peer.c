#include "common/ivshmem_peer.h"

#include "common/clock.h"
#include "common/unix_socket_linux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What ivshmem_peer.greeted counts. After GREETED_REGION everything is an id, with an eventfd or without. */
enum { GREETED_NOTHING, GREETED_VERSION, GREETED_ID, GREETED_REGION };

/* Nobody says how many vectors we are going to get; ours come last. With this many we have what we need at once, with fewer we wait
 * whether more follow. Those that come later still are taken by ivshmem_peer_dispatch(). */
#define VECTORS_WANTED 2u
#define VECTORS_QUIET_MS 50

/* A server that floods us does not keep us: so many messages a dispatch. 16 peers of 8 vectors, twice over. */
#define DISPATCH_MESSAGES_MAX 256

void ivshmem_peer_init(struct ivshmem_peer *peer) {
  memset(peer, 0, sizeof *peer);
  peer->socket = peer->region = -1;
  ivshmem_reader_init(&peer->reader);
  memset(peer->vectors, -1, sizeof peer->vectors); /* all ones: -1 */
  memset(peer->others, -1, sizeof peer->others);
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void close_vectors(int vectors[IVSHMEM_VECTORS_MAX]) {
  for (uint32_t i = 0; i < IVSHMEM_VECTORS_MAX; i++)
    close_fd(&vectors[i]);
}

void ivshmem_peer_close(struct ivshmem_peer *peer) {
  close_fd(&peer->socket);
  close_fd(&peer->region);
  ivshmem_reader_finish(&peer->reader);
  close_vectors(peer->vectors);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    close_vectors(peer->others[i]);
  ivshmem_peer_init(peer);
}

/* Appends; -EBADMSG when there are too many. */
static int add_vector(int vectors[IVSHMEM_VECTORS_MAX], int fd, uint32_t *index) {
  for (uint32_t i = 0; i < IVSHMEM_VECTORS_MAX; i++) {
    if (vectors[i] >= 0)
      continue;
    vectors[i] = fd;
    *index = i;
    return 0;
  }
  return -EBADMSG;
}

/* Takes `fd` only when it returns 0. */
static int take_id(struct ivshmem_peer *peer, int64_t value, int fd) {
  uint32_t index;
  if (value < 0 || value >= IVSHMEM_PEERS_MAX)
    return -EBADMSG;
  if (value == peer->id) {
    if (fd < 0 || add_vector(peer->vectors, fd, &index))
      return -EBADMSG;
    peer->vector_count = index + 1;
    return 0;
  }
  if (fd >= 0)
    return add_vector(peer->others[value], fd, &index);
  close_vectors(peer->others[value]);
  return 0;
}

static int take_greeting(struct ivshmem_peer *peer, int64_t value, int fd) {
  switch (peer->greeted) {
  case GREETED_NOTHING:
    if (value != IVSHMEM_PROTOCOL_VERSION || fd >= 0)
      return -EPROTO;
    break;
  case GREETED_VERSION:
    if (value < 0 || value >= IVSHMEM_PEERS_MAX || fd >= 0)
      return -EBADMSG;
    peer->id = (uint32_t)value;
    break;
  default:
    if (value != IVSHMEM_MESSAGE_REGION || fd < 0)
      return -EBADMSG;
    peer->region = fd;
    break;
  }
  peer->greeted++;
  return 0;
}

int ivshmem_peer_feed(struct ivshmem_peer *peer, int64_t value, int fd) {
  int result = peer->greeted < GREETED_REGION ? take_greeting(peer, value, fd) : take_id(peer, value, fd);
  if (result && fd >= 0)
    close(fd);
  return result;
}

static int take_message(struct ivshmem_peer *peer) {
  int64_t value;
  int fd;
  int result = ivshmem_reader_take(&peer->reader, peer->socket, &value, &fd);
  return result ? result : ivshmem_peer_feed(peer, value, fd);
}

/* 1 = there is something to read, 0 = not until the deadline. */
static int wait_readable(int fd, uint64_t deadline_ns) {
  for (;;) {
    uint64_t now_ns = clock_monotonic_ns();
    int left_ms = now_ns >= deadline_ns ? 0 : (int)((deadline_ns - now_ns + 999999) / 1000000);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int result = poll(&poll_fd, 1, left_ms);
    if (result >= 0 || errno != EINTR)
      return result > 0;
  }
}

static int run_handshake(struct ivshmem_peer *peer, int timeout_ms) {
  uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
  while (peer->vector_count < VECTORS_WANTED) {
    int result = take_message(peer);
    if (result && result != -EAGAIN)
      return result == -EPIPE ? -EPROTO : result;
    if (clock_monotonic_ns() > deadline_ns)
      return -ETIMEDOUT;
    if (!result)
      continue;
    uint64_t quiet_ns = clock_monotonic_ns() + (uint64_t)VECTORS_QUIET_MS * 1000000;
    bool some = peer->vector_count > 0;
    if (!wait_readable(peer->socket, some && quiet_ns < deadline_ns ? quiet_ns : deadline_ns))
      return some ? 0 : -ETIMEDOUT;
  }
  return 0;
}

int ivshmem_peer_connect(struct ivshmem_peer *peer, const char *socket_path, int timeout_ms) {
  ivshmem_peer_init(peer);
  int result = unix_socket_connect(socket_path);
  if (result >= 0) {
    peer->socket = result;
    result = run_handshake(peer, timeout_ms);
  }
  if (result)
    ivshmem_peer_close(peer);
  return result;
}

int ivshmem_peer_dispatch(struct ivshmem_peer *peer) {
  for (int i = 0; i < DISPATCH_MESSAGES_MAX && peer->socket >= 0; i++) {
    int result = take_message(peer);
    if (result == -EAGAIN)
      return 0;
    if (result == -EBADMSG)
      return result;
    if (result) {
      close_fd(&peer->socket);
      return -EPIPE;
    }
  }
  return peer->socket < 0 ? -EPIPE : 0;
}

int ivshmem_peer_ring(const struct ivshmem_peer *peer, uint32_t id, uint32_t vector) {
  if (id >= IVSHMEM_PEERS_MAX || vector >= IVSHMEM_VECTORS_MAX)
    return -ENODEV;
  int fd = id == peer->id ? peer->vectors[vector] : peer->others[id][vector];
  uint64_t one = 1;
  if (fd < 0)
    return -ENODEV;
  return write(fd, &one, sizeof one) == (ssize_t)sizeof one || errno == EAGAIN ? 0 : -ENODEV; /* EAGAIN: it is rung to the full */
}
