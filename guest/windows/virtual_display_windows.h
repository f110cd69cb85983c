/* Tells the driver of a virtual display of a mode that it should offer. Control plane; the agent's thread. */
#ifndef TRANSOM_GUEST_WINDOWS_VIRTUAL_DISPLAY_WINDOWS_H
#define TRANSOM_GUEST_WINDOWS_VIRTUAL_DISPLAY_WINDOWS_H

#include "guest/core/display_system.h"

/* `driver` may be NULL. One mode of ours at a time: the next replaces it. What the user set is never touched. Why it failed is logged. */
enum display_offer virtual_display_offer(const struct virtual_display *driver, const struct display_mode *mode);

#endif
