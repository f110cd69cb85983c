/* An ivshmem server that lies to its peer: any numbers, descriptors where none belong, none where one belongs, an end at any point.
 *
 * Input: a message is 1 byte (low bits: what descriptor goes with it; bit 7: the peer looks at what has come) and 8 bytes of number. */
#include "common/ivshmem_peer.h"
#include "fuzz/fuzz_input.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

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
    close(pair[0]); /* nobody will ever read it */
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    return pair[1];
  default:
    return -1;
  }
}

/* Messages are sent whole, but for the last one of the input, which may be cut short. */
static bool send_message(int socket, struct fuzz_input *input) {
  const uint8_t kind = fuzz_input_u8(input);
  const size_t length = input->bytes < 8 ? input->bytes : 8;
  int64_t value = (int64_t)fuzz_input_take(input, 8);
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
    (void)!sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (fd >= 0)
    close(fd);
  return kind & 0x80;
}

static void require_in_bounds(const struct ivshmem_peer *peer) {
  fuzz_require(peer->id < IVSHMEM_PEERS_MAX && peer->vector_count <= IVSHMEM_VECTORS_MAX);
  for (uint32_t id = 0; id < IVSHMEM_PEERS_MAX + 2; id++)
    for (uint32_t vector = 0; vector < IVSHMEM_VECTORS_MAX + 2; vector++)
      if (ivshmem_peer_ring(peer, id, vector) == 0)
        fuzz_require(id < IVSHMEM_PEERS_MAX && vector < IVSHMEM_VECTORS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input input = {data, bytes};
  struct ivshmem_peer peer;
  int pair[2], result = 0;
  signal(SIGPIPE, SIG_IGN); /* as our programs do */
  fuzz_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
  ivshmem_peer_init(&peer);
  peer.socket = pair[0];
  while (result == 0 && !fuzz_input_is_empty(&input))
    if (send_message(pair[1], &input))
      result = ivshmem_peer_dispatch(&peer);
  close(pair[1]);
  if (result == 0)
    ivshmem_peer_dispatch(&peer);
  require_in_bounds(&peer);
  ivshmem_peer_close(&peer);
  return 0;
}
