#include "host/app/control_socket.h"

#include <stdio.h>
#include <string.h>

void control_socket_of(const char *region, char control[SETTINGS_PATH_BYTES]) {
  static const char server[] = "server:", name[] = "control.sock";
  control[0] = 0;
  if (strncmp(region, server, sizeof server - 1) != 0)
    return;
  const char *path = region + sizeof server - 1, *slash = strrchr(path, '/');
  int directory = slash ? (int)(slash - path) + 1 : 0;
  if (snprintf(control, SETTINGS_PATH_BYTES, "%.*s%s", directory, path, name) >= SETTINGS_PATH_BYTES)
    control[0] = 0;
}
