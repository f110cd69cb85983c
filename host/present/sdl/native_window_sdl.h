/* What the window system calls an SDL window. The window's thread. */
#ifndef TRANSOM_HOST_PRESENT_SDL_NATIVE_WINDOW_SDL_H
#define TRANSOM_HOST_PRESENT_SDL_NATIVE_WINDOW_SDL_H

#include <stdint.h>

enum native_window_system { NATIVE_WINDOW_OTHER, NATIVE_WINDOW_X11, NATIVE_WINDOW_WAYLAND };

struct native_window {
  enum native_window_system system;
  void *display, *surface; /* Wayland: wl_display, wl_surface, which live as long as the window */
  uint32_t id;             /* X11 */
};

void native_window_sdl_find(void *window, struct native_window *native);

#endif
