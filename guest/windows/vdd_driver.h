/* Virtual Display Driver: its settings file, and the pipe by which it is asked to read that again. Control plane; the agent's thread. */
#ifndef TRANSOM_GUEST_WINDOWS_VDD_DRIVER_H
#define TRANSOM_GUEST_WINDOWS_VDD_DRIVER_H

#include "guest/core/display_system.h"

/* SOON, or NONE, with the reason logged. */
enum display_offer vdd_driver_offer(const struct display_mode *mode);

#endif
