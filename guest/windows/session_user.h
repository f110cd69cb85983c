/* Is somebody logged in to this process's session? Control plane, any thread. */
#ifndef TRANSOM_GUEST_WINDOWS_SESSION_USER_H
#define TRANSOM_GUEST_WINDOWS_SESSION_USER_H

#include <stdbool.h>

/* False also where the system does not say. */
bool session_user_is_none(void);

#endif
