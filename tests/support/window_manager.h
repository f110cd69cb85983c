/* A window manager (openbox) on a test's X server: frames, focus, full screen as on a desktop. */
#ifndef TRANSOM_TESTS_SUPPORT_WINDOW_MANAGER_H
#define TRANSOM_TESTS_SUPPORT_WINDOW_MANAGER_H

#include "support/x_display.h"

/* Returns once it manages the screen. -1: there is none on this machine. It dies with its parent. `home` is a directory that it may write
 * to, and where nobody's settings are. */
pid_t window_manager_start(const struct x_display *display, const char *home);
void window_manager_stop(pid_t manager);

#endif
