/* Windows' displays behind guest/core/display_system.h. */
#ifndef TRANSOM_GUEST_WINDOWS_DISPLAY_SYSTEM_WINDOWS_H
#define TRANSOM_GUEST_WINDOWS_DISPLAY_SYSTEM_WINDOWS_H

#include "guest/core/display_system.h"

/* NULL: out of memory. */
struct display_system *display_system_windows_create(void);

#endif
