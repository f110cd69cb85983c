/* An ivshmem server that lies to its peer: any numbers, descriptors where none belong, none where one belongs, an end at any point.
 *
 * Input: byte 0, how many messages are there before the peer's handshake begins; then, a message: 1 byte (low bits: what descriptor goes
 * with it), 8 bytes of number. The rest comes between calls of ivshmem_peer_dispatch(). */
#include "common/ivshmem_peer.h"
#include "common/thread.h"
#include "fuzz/fuzz_input.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct liar {
  int listener, accepted;
  struct fuzz_input input;
  uint32_t at_once;
};

static int listen_somewhere(char path[64]) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const char *directory = getenv("TMPDIR");
  snprintf(path, 64, "%.40s/transom-fuzz-%d", directory ? directory : "/tmp", (int)getpid());
  unlink(path);
  strcpy(address.sun_path, path);
  fuzz_require(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 4) == 0);
  return listener;
}

static int make_descriptor(uint8_t kind) {
  int pair[2];
  switch (kind & 7) {
  case 1:
  case 2:
  case 3:
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  case 4:
  case 5:
    return memfd_create("fuzz", MFD_CLOEXEC);
  case 6:
    if (pipe(pair) != 0)
      return -1;
    close(pair[0]);
    return pair[1];
  default:
    return -1;
  }
}

/* Messages are sent whole, but for the last one of the input, which may be cut short. */
static void send_message(struct liar *liar) {
  const uint8_t kind = fuzz_input_u8(&liar->input);
  const size_t length = liar->input.bytes < 8 ? liar->input.bytes : 8;
  int64_t value = (int64_t)fuzz_input_take(&liar->input, 8);
  const int fd = make_descriptor(kind);
  struct iovec data = {.iov_base = &value, .iov_len = length};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
  }
  if (length > 0)
    (void)!sendmsg(liar->accepted, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (fd >= 0)
    close(fd);
}

/* Another thread, because the handshake waits for us. What ends early ends the handshake too: nobody waits for a time-out. */
static void tell_lies(void *user_data) {
  struct liar *liar = user_data;
  liar->accepted = accept4(liar->listener, NULL, NULL, SOCK_CLOEXEC);
  fuzz_require(liar->accepted >= 0);
  for (uint32_t i = 0; i < liar->at_once && !fuzz_input_is_empty(&liar->input); i++)
    send_message(liar);
  if (fuzz_input_is_empty(&liar->input))
    shutdown(liar->accepted, SHUT_WR);
}

static void require_in_bounds(const struct ivshmem_peer *peer) {
  fuzz_require(peer->id < IVSHMEM_PEERS_MAX && peer->vector_count <= IVSHMEM_VECTORS_MAX && peer->region >= 0);
  for (uint32_t id = 0; id < IVSHMEM_PEERS_MAX + 2; id++)
    for (uint32_t vector = 0; vector < IVSHMEM_VECTORS_MAX + 2; vector++)
      if (ivshmem_peer_ring(peer, id, vector) == 0)
        fuzz_require(id < IVSHMEM_PEERS_MAX && vector < IVSHMEM_VECTORS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct liar liar = {.listener = -1};
  static char path[64];
  if (liar.listener < 0)
    liar.listener = listen_somewhere(path);
  liar.input = (struct fuzz_input){data, bytes};
  liar.at_once = fuzz_input_u8(&liar.input);
  struct thread *thread = thread_create("liar", tell_lies, &liar);
  fuzz_require(thread != NULL);
  struct ivshmem_peer peer;
  const int result = ivshmem_peer_connect(&peer, path, 100);
  thread_join(thread);
  if (result == 0) {
    require_in_bounds(&peer);
    while (!fuzz_input_is_empty(&liar.input) && ivshmem_peer_dispatch(&peer) == 0)
      send_message(&liar);
    require_in_bounds(&peer);
    ivshmem_peer_close(&peer);
  }
  close(liar.accepted);
  return 0;
}
