#include "host/present/sdl/native_window_sdl.h"

#include <SDL.h>
#include <SDL_syswm.h>

void native_window_sdl_find(void *window, struct native_window *native) {
  SDL_SysWMinfo info;
  *native = (struct native_window){.system = NATIVE_WINDOW_OTHER};
  SDL_VERSION(&info.version);
  if (!SDL_GetWindowWMInfo(window, &info))
    return;
  if (info.subsystem == SDL_SYSWM_X11)
    *native = (struct native_window){.system = NATIVE_WINDOW_X11, .id = (uint32_t)info.info.x11.window};
  if (info.subsystem == SDL_SYSWM_WAYLAND)
    *native = (struct native_window){.system = NATIVE_WINDOW_WAYLAND, .display = info.info.wl.display, .surface = info.info.wl.surface};
}
