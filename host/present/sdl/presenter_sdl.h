/* SDL_Renderer: accelerated where SDL has a driver for it, in software elsewhere. Main thread. */
#ifndef TRANSOM_HOST_PRESENT_SDL_PRESENTER_SDL_H
#define TRANSOM_HOST_PRESENT_SDL_PRESENTER_SDL_H

#include "host/present/presenter.h"

#include <stddef.h>

/* `window` is an SDL_Window and outlives the presenter. NULL: `error` says why. */
struct presenter *presenter_sdl_create(void *window, const struct presenter_options *options, char *error, size_t capacity);

#endif
