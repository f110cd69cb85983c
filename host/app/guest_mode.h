/* The mode that the user wishes of the guest's screen, for agents that can set one. Pure; start of the program. */
#ifndef TRANSOM_HOST_APP_GUEST_MODE_H
#define TRANSOM_HOST_APP_GUEST_MODE_H

#include "protocol/control_message.h"

#include <stdbool.h>

#define GUEST_MODE_TEXT_BYTES 24

struct guest_mode {
  struct transom_control_mode_wish wish; /* width 0 = none */
  bool follows_window;                   /* its size is the window's; `wish` has the rate alone */
};

/* "2560x1440" or "2560x1440@144": HZ may have up to three decimals. "window", "window@144". "" is no wish. False: it is none of these. */
bool guest_mode_parse(const char *text, struct guest_mode *mode);

#endif
