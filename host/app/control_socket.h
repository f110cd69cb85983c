/* Where transom-serve's control socket is: beside the region's. Pure. */
#ifndef TRANSOM_HOST_APP_CONTROL_SOCKET_H
#define TRANSOM_HOST_APP_CONTROL_SOCKET_H

#include "host/app/settings.h"

/* Of a region "server:SOCKET"; "" for a file, which has no server. */
void control_socket_of(const char *region, char control[SETTINGS_PATH_BYTES]);

#endif
