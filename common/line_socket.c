#include "common/line_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union descriptor_message {
  char bytes[CMSG_SPACE(LINE_SOCKET_FDS_MAX * sizeof(int))];
  struct cmsghdr align;
};

void line_socket_init(struct line_socket *socket, int fd) {
  socket->fd = fd;
  socket->filled = 0;
  socket->fd_count = 0;
}

void line_socket_finish(struct line_socket *socket) {
  for (unsigned i = 0; i < socket->fd_count; i++)
    close(socket->fds[i]);
  socket->fd_count = 0;
}

/* Every descriptor is either kept or closed; false when there were too many. */
static bool keep_descriptors(struct line_socket *socket, struct msghdr *header) {
  bool fits = !(header->msg_flags & MSG_CTRUNC);
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
      continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
      if (socket->fd_count < LINE_SOCKET_FDS_MAX) {
        socket->fds[socket->fd_count++] = fd;
      } else {
        close(fd);
        fits = false;
      }
    }
  }
  return fits;
}

int line_socket_feed(struct line_socket *socket, const char *bytes, size_t count, line_socket_handler handler, void *user_data) {
  for (size_t i = 0; i < count; i++) {
    if (!bytes[i] || (bytes[i] != '\n' && socket->filled == LINE_SOCKET_BYTES_MAX - 1))
      return -EPROTO;
    if (bytes[i] != '\n') {
      socket->bytes[socket->filled++] = bytes[i];
      continue;
    }
    socket->bytes[socket->filled] = 0;
    socket->filled = 0;
    if (!handler(socket->bytes, user_data))
      return -EPROTO;
  }
  return 0;
}

int line_socket_receive(struct line_socket *socket, line_socket_handler handler, void *user_data) {
  char bytes[LINE_SOCKET_READ_BYTES];
  union descriptor_message control;
  struct iovec piece = {bytes, sizeof bytes};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  const ssize_t received = recvmsg(socket->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  if (!keep_descriptors(socket, &header))
    return -EPROTO;
  return received ? line_socket_feed(socket, bytes, (size_t)received, handler, user_data) : -EPIPE;
}

int line_socket_take_fd(struct line_socket *socket) {
  if (!socket->fd_count)
    return -1;
  const int fd = socket->fds[0];
  memmove(socket->fds, socket->fds + 1, --socket->fd_count * sizeof socket->fds[0]);
  return fd;
}

int line_socket_send(int socket, const char *line, int fd) {
  union descriptor_message control = {{0}};
  struct iovec piece = {(char *)line, strlen(line)};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
  if (fd >= 0) {
    header.msg_control = &control;
    header.msg_controllen = CMSG_SPACE(sizeof fd);
    control.align = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
  }
  ssize_t sent;
  do
    sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    return -errno;
  return sent == (ssize_t)piece.iov_len ? 0 : -EPIPE;
}
