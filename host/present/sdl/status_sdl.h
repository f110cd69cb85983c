/* Text screens for the SDL presenter: "waiting for the agent" over the whole window, or a bar over the dimmed picture. Main thread.
 * Without a font (none of the usual places has one) it draws the ground and the bar alone; the window's title says the same. */
#ifndef TRANSOM_HOST_PRESENT_SDL_STATUS_SDL_H
#define TRANSOM_HOST_PRESENT_SDL_STATUS_SDL_H

#include "host/present/presenter.h"

#include <SDL.h>

struct status_sdl;

struct status_sdl *status_sdl_create(SDL_Renderer *renderer); /* NULL: out of memory */
void status_sdl_destroy(struct status_sdl *screen);
void status_sdl_set(struct status_sdl *screen, const struct presenter_status *status);
void status_sdl_hint(struct status_sdl *screen, const char *text); /* "" = none */
bool status_sdl_hides_picture(const struct status_sdl *screen);
void status_sdl_draw(struct status_sdl *screen, int width, int height);

#endif
