#include "host/serve/serve_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 16

static bool is_file_name(const char *name) {
  if (!*name || name[0] == '.' || strlen(name) > 64)
    return false;
  for (const char *c = name; *c; c++)
    if (*c == '/' || (unsigned char)*c < ' ' || *c == 0x7f)
      return false;
  return true;
}

static int set_path(char path[SERVE_PATH_BYTES_MAX], const char *directory, const char *file) {
  int length = snprintf(path, SERVE_PATH_BYTES_MAX, "%s/%s", directory, file);
  return length < 0 || length >= SERVE_PATH_BYTES_MAX ? -ENAMETOOLONG : 0;
}

/* A directory that is ours. In a place where everybody may write, somebody else's must not be taken for it. */
static int make_directory(const char *path, mode_t mode) {
  struct stat status;
  if (mkdir(path, mode) && errno != EEXIST)
    return -errno;
  if (lstat(path, &status))
    return -errno;
  if (!S_ISDIR(status.st_mode))
    return -ENOTDIR;
  return status.st_uid == geteuid() ? 0 : -EPERM;
}

/* The administrator's VMs: the group `transom`, where there is one, may connect. */
static int make_system_directory(const char *name, char directory[SERVE_PATH_BYTES_MAX]) {
  if (set_path(directory, "/run/transom", name))
    return -ENAMETOOLONG;
  int result = make_directory("/run/transom", 0755);
  if (!result)
    result = make_directory(directory, 0750);
  const struct group *group = getgrnam("transom");
  if (!result && group && chown(directory, (uid_t)-1, group->gr_gid))
    result = -errno;
  return result;
}

static int make_user_directory(const char *name, char directory[SERVE_PATH_BYTES_MAX]) {
  char parent[SERVE_PATH_BYTES_MAX];
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  int length = runtime && runtime[0] == '/' ? snprintf(parent, sizeof parent, "%s/transom", runtime)
                                            : snprintf(parent, sizeof parent, "/tmp/transom-%u", (unsigned)geteuid());
  if (length < 0 || length >= (int)sizeof parent || set_path(directory, parent, name))
    return -ENAMETOOLONG;
  int result = make_directory(parent, 0700);
  return result ? result : make_directory(directory, 0700);
}

static int init_by_socket(struct serve_paths *paths, const char *region_socket, char directory[SERVE_PATH_BYTES_MAX]) {
  if (strlen(region_socket) >= SERVE_PATH_BYTES_MAX)
    return -ENAMETOOLONG;
  strcpy(paths->region, region_socket);
  strcpy(directory, region_socket);
  char *slash = strrchr(directory, '/');
  if (slash == directory)
    slash++;
  if (slash)
    *slash = 0;
  else
    strcpy(directory, ".");
  return 0;
}

int serve_paths_init(struct serve_paths *paths, const char *name, const char *region_socket, const char *control_socket) {
  char directory[SERVE_PATH_BYTES_MAX];
  memset(paths, 0, sizeof *paths);
  if (!*region_socket && !is_file_name(name))
    return -EINVAL;
  int result = *region_socket ? init_by_socket(paths, region_socket, directory)
               : geteuid()    ? make_user_directory(name, directory)
                              : make_system_directory(name, directory);
  if (!result && !*region_socket)
    result = set_path(paths->region, directory, "region.sock");
  if (!result)
    result = set_path(paths->control, directory, "control.sock");
  if (!result && *control_socket)
    result = strlen(control_socket) < SERVE_PATH_BYTES_MAX ? (strcpy(paths->control, control_socket), 0) : -ENAMETOOLONG;
  if (!result)
    result = set_path(paths->usb_input, directory, "usb-input.sock");
  if (!result)
    result = set_path(paths->usb_audio, directory, "usb-audio.sock");
  if (!result)
    result = set_path(paths->state, directory, "region.state");
  return result ? result : set_path(paths->lock, directory, "serve.lock");
}

int serve_paths_lock(const struct serve_paths *paths, int *lock_fd) {
  int fd = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -errno;
  if (flock(fd, LOCK_EX | LOCK_NB)) {
    int result = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
    close(fd);
    return result;
  }
  *lock_fd = fd;
  return 0;
}

static bool somebody_listens(const struct sockaddr_un *address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return false;
  bool answer = !connect(fd, (const struct sockaddr *)address, sizeof *address) || errno == EAGAIN;
  close(fd);
  return answer;
}

static int give_to_group(const char *path, const char *name) {
  const struct group *group = name && !geteuid() ? getgrnam(name) : NULL;
  return group && chown(path, (uid_t)-1, group->gr_gid) ? -errno : 0;
}

int serve_paths_listen(const char *path, const char *group, int *listener) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct stat status;
  strcpy(address.sun_path, path);
  if (somebody_listens(&address))
    return -EADDRINUSE;
  if (!lstat(path, &status) && S_ISSOCK(status.st_mode))
    unlink(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  mode_t mask = umask(0117); /* 0660: owner and group, by the directory's rights */
  int result = bind(fd, (const struct sockaddr *)&address, sizeof address) || listen(fd, LISTEN_BACKLOG) ? -errno : 0;
  umask(mask);
  if (!result)
    result = give_to_group(path, group);
  if (result)
    close(fd);
  else
    *listener = fd;
  return result;
}
