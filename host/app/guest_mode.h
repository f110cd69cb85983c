/* The mode that the user wishes of the guest's screen, for agents that can set one. Pure; start of the program. */
#ifndef TRANSOM_HOST_APP_GUEST_MODE_H
#define TRANSOM_HOST_APP_GUEST_MODE_H

#include "protocol/control_message.h"

#include <stdbool.h>

#define GUEST_MODE_TEXT_BYTES 24

/* "2560x1440" or "2560x1440@144": HZ may have up to three decimals. "" is no wish: width 0. False: it is neither. */
bool guest_mode_parse(const char *text, struct transom_control_mode_wish *wish);

#endif
