/* Which presenter: the one place that knows them all. Main thread. */
#ifndef TRANSOM_HOST_PRESENT_PRESENTER_SELECT_H
#define TRANSOM_HOST_PRESENT_PRESENTER_SELECT_H

#include "host/present/presenter.h"

#include <stddef.h>

struct presenter_preparation;

enum presenter_kind {
  PRESENTER_AUTO, /* down the ladder: the first that works */
  PRESENTER_VULKAN,
  PRESENTER_VULKAN_IMPORT, /* this rung of Vulkan or none */
  PRESENTER_VULKAN_DMA_BUF,
  PRESENTER_VULKAN_STAGING,
  PRESENTER_SDL,
  PRESENTER_HEADLESS
};

/* Names in the order of enum presenter_kind, ending with NULL: for --renderer. */
extern const char *const presenter_kind_names[];

/* "fast", "high": in the order of enum picture_quality, ending with NULL: for --quality. */
extern const char *const presenter_quality_names[];

/* Does this kind draw into a window, and into one made for Vulkan? */
bool presenter_kind_needs_window(enum presenter_kind kind);
bool presenter_kind_needs_vulkan(enum presenter_kind kind);

/* Begins to load what presenter_create() will need, beside the making of the window. NULL: nothing to do, or no thread for it. */
struct presenter_preparation *presenter_prepare(enum presenter_kind kind);
void presenter_preparation_finish(struct presenter_preparation *preparation); /* waits for its end; NULL is fine */

/* `window` is an SDL_Window, or NULL where none is needed. AUTO tries one after the other and says in the log what did not work; Vulkan on
 * a software rasteriser is no GPU and is left out. NULL: `error` (capacity bytes) says why, in one line. */
struct presenter *presenter_create(enum presenter_kind kind, void *window, const struct presenter_options *options, char *error,
                                   size_t capacity);

/* After the one of that name has failed and is destroyed: the next lower rung, in the same window. NULL: none is left. */
struct presenter *presenter_create_below(const char *failed, void *window, const struct presenter_options *options);

#endif
