/* A VNC server that says anything: the stream ends, or its picture has the size that it says and can be read to its last byte. */
#include "host/vm/vnc_stream.h"

#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536u /* fits the socket, so that nobody has to write while the stream reads */
#define MESSAGES_MAX 4096u

static void read_all(const struct vnc_stream *stream) {
  uint32_t width, height;
  uint64_t updates;
  const uint8_t *pixels = vnc_stream_pixels(stream, &width, &height, &updates);
  static volatile uint8_t sum;
  assert(!pixels || (width > 0 && width <= VNC_SIDE_MAX && height > 0 && height <= VNC_SIDE_MAX));
  if (pixels)
    sum = (uint8_t)(pixels[0] + pixels[(size_t)width * height * 4 - 1]);
  (void)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int pair[2], room = 4 << 20;
  if (size > BYTES_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return 0;
  setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (send(pair[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size) {
    shutdown(pair[1], SHUT_WR);
    struct vnc_stream *stream = vnc_stream_create(pair[0]);
    for (unsigned i = 0; stream && i < MESSAGES_MAX && vnc_stream_step(stream); i++)
      read_all(stream);
    vnc_stream_destroy(stream);
  } else
    close(pair[0]);
  close(pair[1]);
  return 0;
}
