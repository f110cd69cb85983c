#define LOG_MODULE "view"
#include "host/app/own_server.h"

#include "common/log.h"
#include "common/unix_socket_linux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_PREFIX "server:"
#define SYSTEM_DIRECTORY "/run/transom/"

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* $XDG_RUNTIME_DIR/transom/DOMAIN, as transom-serve would make it; directories that the user named are his to make. */
static void make_user_directory(const char *socket) {
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  char path[SETTINGS_PATH_BYTES];
  if (!runtime || !runtime[0] || !starts_with(socket, runtime) || !starts_with(socket + strlen(runtime), "/transom/"))
    return;
  strcpy(path, socket);
  for (char *slash = path + strlen(runtime) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
    *slash = 0;
    if (mkdir(path, 0700) && errno != EEXIST)
      return; /* the server says what is wrong */
  }
}

struct private_server *own_server_start(const struct view_settings *settings) {
  const char *socket = settings->region + strlen(SERVER_PREFIX);
  if (settings->private_server == SETTINGS_PRIVATE_SERVER_NEVER || !starts_with(settings->region, SERVER_PREFIX) || !socket[0] ||
      starts_with(socket, SYSTEM_DIRECTORY)) /* no name at all: the link says so */
    return NULL;
  int connection = unix_socket_connect(socket);
  if (connection >= 0)
    close(connection);
  if (connection != -ENOENT && connection != -ECONNREFUSED)
    return NULL;
  make_user_directory(socket);
  struct private_server *server = NULL;
  int result = private_server_start(&(struct private_server_options){.socket = socket}, &server);
  if (result)
    log_warning("no transom-serve listens on %s, and none could be started: %s", socket,
                result == -ECHILD ? "it says why above" : strerror(-result));
  else
    log_info("started a transom-serve for this viewer; QEMU: -chardev socket,id=transom,path=%s -device "
             "ivshmem-doorbell,chardev=transom,vectors=2",
             socket);
  return server;
}
