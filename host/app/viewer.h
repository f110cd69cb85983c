/* The viewer: wires window, presenter, frames, link and input together and owns them all. Main thread. */
#ifndef TRANSOM_HOST_APP_VIEWER_H
#define TRANSOM_HOST_APP_VIEWER_H

#include "host/app/settings.h"

struct viewer;

/* What a hotkey may ask for. */
enum viewer_request { VIEWER_REQUEST_HUD, VIEWER_REQUEST_SCREENSHOT };

/* Any thread: HUD on or off; the guest's picture into a new PNG file in the user's pictures. */
void viewer_request(struct viewer *viewer, enum viewer_request request);

/* Runs until the window is closed, a limit is reached or a signal asks. Returns the program's exit status. */
int viewer_run(const struct view_settings *settings);

#endif
