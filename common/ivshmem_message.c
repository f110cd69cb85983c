#include "common/ivshmem_message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_FDS 4 /* one is honest; room for a few so that the kernel hands them to us and we can close them */

void ivshmem_reader_init(struct ivshmem_reader *reader) { *reader = (struct ivshmem_reader){.fd = -1}; }

void ivshmem_reader_finish(struct ivshmem_reader *reader) {
  if (reader->fd >= 0)
    close(reader->fd);
  ivshmem_reader_init(reader);
}

/* Keeps the first descriptor, closes the others; false when there was more than one in all. */
static bool keep_descriptors(struct ivshmem_reader *reader, struct msghdr *header) {
  bool single = !(header->msg_flags & MSG_CTRUNC);
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
      continue;
    size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
      if (reader->fd < 0) {
        reader->fd = fd;
      } else {
        close(fd);
        single = false;
      }
    }
  }
  return single;
}

static int receive_piece(struct ivshmem_reader *reader, int socket) {
  union {
    char bytes[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec piece = {reader->bytes + reader->filled, IVSHMEM_MESSAGE_BYTES - reader->filled};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t received = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0)
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
  bool honest = keep_descriptors(reader, &header);
  if (received == 0)
    return -EPIPE;
  reader->filled += (uint32_t)received;
  return honest ? 0 : -EBADMSG;
}

static int64_t decode(const uint8_t bytes[IVSHMEM_MESSAGE_BYTES]) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < IVSHMEM_MESSAGE_BYTES; i++)
    value |= (uint64_t)bytes[i] << (8 * i);
  return (int64_t)value;
}

int ivshmem_reader_take(struct ivshmem_reader *reader, int socket, int64_t *value, int *fd) {
  while (reader->filled < IVSHMEM_MESSAGE_BYTES) {
    int result = receive_piece(reader, socket);
    if (result)
      return result;
  }
  *value = decode(reader->bytes);
  *fd = reader->fd;
  ivshmem_reader_init(reader);
  return 0;
}

int ivshmem_message_send(int socket, int64_t value, int fd) {
  uint8_t bytes[IVSHMEM_MESSAGE_BYTES];
  for (uint32_t i = 0; i < IVSHMEM_MESSAGE_BYTES; i++)
    bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {{0}};
  struct iovec piece = {bytes, sizeof bytes};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
  if (fd >= 0) {
    header.msg_control = &control;
    header.msg_controllen = sizeof control;
    control.align = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
  }
  ssize_t sent;
  do
    sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  return sent == (ssize_t)sizeof bytes ? 0 : -EPIPE;
}
