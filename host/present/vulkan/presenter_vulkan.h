/* The presenter for GPUs: pixels go by DMA from the region into video memory, and one shader draws them with cursor and overlay.
 *
 * Created on the window's thread; afterwards any one thread at a time. A lost device is made anew on the next rung of the ladder, in the
 * same window: calls then return PRESENTER_LOST once. Errors that no rung is left for: PRESENTER_FAILED. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_PRESENTER_VULKAN_H
#define TRANSOM_HOST_PRESENT_VULKAN_PRESENTER_VULKAN_H

#include "host/present/presenter.h"
#include "host/present/vulkan/vulkan_import.h"

#include <stddef.h>

struct presenter_vulkan_options {
  enum vulkan_route route_best, route_last; /* equal: that one or none */
  bool takes_software;                      /* a Vulkan that is a rasteriser on the CPU will do */
  struct presenter_options common;
};

/* Has Vulkan's loader find and load the drivers, which takes most of the creation's time: it keeps them for what follows. Any thread. */
void presenter_vulkan_load_drivers(void);

/* `window` is an SDL_Window made for Vulkan, or NULL: pictures are then uploaded, and can be read back, but are seen nowhere. NULL: `error`
 * says why, in one line. */
struct presenter *presenter_vulkan_create(void *window, const struct presenter_vulkan_options *options, char *error, size_t capacity);

#endif
