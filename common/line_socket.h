/* Lines of text with descriptors over a UNIX stream socket: how transom-serve and viewers talk about input. Linux.
 *
 * A line ends with a newline and has at most LINE_SOCKET_BYTES_MAX bytes with it. A line of a kind that carries a descriptor takes the
 * oldest that has come and was not taken: each is sent with its line in one message, so it is there when the line is. One thread at a time;
 * nothing blocks. */
#ifndef TRANSOM_COMMON_LINE_SOCKET_H
#define TRANSOM_COMMON_LINE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_SOCKET_BYTES_MAX 640u
#define LINE_SOCKET_FDS_MAX 8u     /* that wait for their line; a sender of more means no good */
#define LINE_SOCKET_READ_BYTES 256 /* what one call takes, so that one talker does not keep the others waiting */

struct line_socket {
  int fd; /* non-blocking; the owner's */
  char bytes[LINE_SOCKET_BYTES_MAX];
  size_t filled;
  int fds[LINE_SOCKET_FDS_MAX];
  unsigned fd_count;
};

/* `line` ends with 0 instead of the newline, and holds no other 0. False: stop here, the sender is of no use. */
typedef bool (*line_socket_handler)(char *line, void *user_data);

void line_socket_init(struct line_socket *socket, int fd);
void line_socket_finish(struct line_socket *socket); /* closes descriptors that nobody took, not the socket */

/* Reads once, and calls `handler` for each line that is whole now. 0: fine, there may be more. -EPIPE: the other end is gone. -EPROTO: a
 * line that is too long or holds a 0, too many descriptors, or the handler said so. Other -errno. */
int line_socket_receive(struct line_socket *socket, line_socket_handler handler, void *user_data);

/* The same for bytes that were read by somebody else. */
int line_socket_feed(struct line_socket *socket, const char *bytes, size_t count, line_socket_handler handler, void *user_data);

int line_socket_take_fd(struct line_socket *socket); /* the oldest, now the caller's; -1: none has come */

/* `line` with its newline; `fd` may be -1. 0; -EAGAIN the other end does not read; other -errno. */
int line_socket_send(int socket, const char *line, int fd);

#endif
