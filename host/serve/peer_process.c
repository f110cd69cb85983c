#include "host/serve/peer_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_process_file(pid_t pid, const char *file, char *text, size_t capacity) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t length = read(fd, text, capacity - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return length > 0;
}

uint64_t peer_process_start_ticks(pid_t pid) {
  char text[1024];
  if (pid <= 0 || !read_process_file(pid, "stat", text, sizeof text))
    return 0;
  char *field = strrchr(text, ')'); /* the name before it may hold anything; starttime is field 22, this one is 2 */
  if (!field || field[1] != ' ' || field[2] == 'Z' || field[2] == 'X')
    return 0; /* dead, though its parent has not noticed */
  for (int i = 2; field && i < 22; i++)
    field = strchr(field + 1, ' ');
  return field ? strtoull(field, NULL, 10) : 0;
}

void peer_process_name(pid_t pid, char name[32]) {
  if (pid <= 0 || !read_process_file(pid, "comm", name, 32)) {
    strcpy(name, "?");
    return;
  }
  for (char *c = name; *c; c++) {
    if (*c == '\n')
      *c = 0;
    else if (*c < ' ' || *c > '~')
      *c = '?';
    if (!*c)
      break;
  }
}

bool peer_process_credentials(int socket, pid_t *pid, uid_t *uid) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length))
    return false;
  *pid = credentials.pid;
  *uid = credentials.uid;
  return true;
}
