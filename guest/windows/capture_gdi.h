/* Reads the desktop by GDI: works everywhere, sees everything but protected content, and costs the CPU a copy of the screen and a
 * comparison each time. The last rung. */
#ifndef TRANSOM_GUEST_WINDOWS_CAPTURE_GDI_H
#define TRANSOM_GUEST_WINDOWS_CAPTURE_GDI_H

#include "guest/core/screen_capture.h"

/* `output`: index in screen_output_list()'s order. NULL: out of memory. */
struct screen_capture *capture_gdi_create(uint32_t output);

#endif
