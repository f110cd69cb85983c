/* One line for the screen about who has keyboard and mouse, and how to change that. Pure. */
#ifndef TRANSOM_HOST_APP_INPUT_HINT_H
#define TRANSOM_HOST_APP_INPUT_HINT_H

#include "host/app/input_thread.h"

#define INPUT_HINT_BYTES 256

/* "" = nothing to say. `kept`: what the window system keeps for itself. `always`: the user asked for it; it also tells sink and locks. */
void input_hint_text(const struct input_view *view, const char *kept, bool always, char text[INPUT_HINT_BYTES]);

#endif
