/* Which presenter: the one place that knows them all. Main thread. */
#ifndef TRANSOM_HOST_PRESENT_PRESENTER_SELECT_H
#define TRANSOM_HOST_PRESENT_PRESENTER_SELECT_H

#include "host/present/presenter.h"

#include <stddef.h>

enum presenter_kind { PRESENTER_AUTO, PRESENTER_SDL, PRESENTER_HEADLESS };

/* Names in the order of enum presenter_kind, ending with NULL: for --renderer. */
extern const char *const presenter_kind_names[];

/* Does this kind draw into a window? */
bool presenter_kind_needs_window(enum presenter_kind kind);

/* `window` is an SDL_Window, or NULL where none is needed. NULL: `error` (capacity bytes) says why, in one line. */
struct presenter *presenter_create(enum presenter_kind kind, void *window, char *error, size_t capacity);

#endif
