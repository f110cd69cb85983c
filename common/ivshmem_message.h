/* One message of QEMU's ivshmem protocol: eight bytes, little-endian, signed, perhaps with one descriptor. Linux.
 *
 * Server to peer only, in this order: version 0 | the peer's id | -1 with the region | for each other peer its id with an eventfd, once a
 * vector | its own id with an eventfd, once a vector. Later an id with eventfds is a new peer, an id alone is one that left. */
#ifndef TRANSOM_COMMON_IVSHMEM_MESSAGE_H
#define TRANSOM_COMMON_IVSHMEM_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#define IVSHMEM_PROTOCOL_VERSION 0
#define IVSHMEM_MESSAGE_REGION (-1)
#define IVSHMEM_MESSAGE_BYTES 8u

/* A message on its way in: the stream may deliver it in pieces. */
struct ivshmem_reader {
  uint8_t bytes[IVSHMEM_MESSAGE_BYTES];
  uint32_t filled;
  int fd; /* came with one of the pieces, or -1 */
};

void ivshmem_reader_init(struct ivshmem_reader *reader);
void ivshmem_reader_finish(struct ivshmem_reader *reader); /* closes a descriptor that nobody took */

/* One message without blocking; `*fd` (or -1) is the caller's. 0; -EAGAIN; -EPIPE closed; -EBADMSG two descriptors in one message. */
int ivshmem_reader_take(struct ivshmem_reader *reader, int socket, int64_t *value, int *fd);

/* Never blocks. 0; -EAGAIN nothing was sent; -EPIPE and others: the peer is of no use any more (a part of a message counts as -EPIPE). */
int ivshmem_message_send(int socket, int64_t value, int fd);

#endif
