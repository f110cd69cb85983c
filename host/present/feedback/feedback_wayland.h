/* Wayland's wp_presentation as a source of feedback (presentation-time, stable). */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_WAYLAND_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_WAYLAND_H

#include "host/present/feedback/feedback_source.h"

/* `display` and `surface` are the window's wl_display and wl_surface, which must live longer. The window's thread, which must have asked
 * the compositor for nothing that it waits for. NULL: the compositor has no wp_presentation, or is gone. */
struct feedback_source *feedback_wayland_create(void *display, void *surface);

#endif
