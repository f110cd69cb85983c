/* A transom-serve of the viewer's own, where its VM has none. Before the viewer's threads start. */
#ifndef TRANSOM_HOST_APP_OWN_SERVER_H
#define TRANSOM_HOST_APP_OWN_SERVER_H

#include "host/app/settings.h"
#include "host/link/private_server.h"

/* NULL: none was needed or allowed, or it could not be started, which is said. A server in /run/transom is the administrator's to start. */
struct private_server *own_server_start(const struct view_settings *settings);

#endif
