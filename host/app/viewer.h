/* The viewer: wires window, presenter, frames, link and input together and owns them all. Main thread. */
#ifndef TRANSOM_HOST_APP_VIEWER_H
#define TRANSOM_HOST_APP_VIEWER_H

#include "host/app/settings.h"

/* Runs until the window is closed, a limit is reached or a signal asks. Returns the program's exit status. */
int viewer_run(const struct view_settings *settings);

#endif
