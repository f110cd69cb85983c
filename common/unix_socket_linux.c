#include "common/unix_socket_linux.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(UNIX_SOCKET_PATH_BYTES_MAX == sizeof(((struct sockaddr_un *)0)->sun_path), "sun_path has another size");

int unix_socket_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  if (connect(fd, (const struct sockaddr *)&address, sizeof address)) {
    int result = errno == EAGAIN ? -ECONNREFUSED : -errno;
    close(fd);
    return result;
  }
  return fd;
}
