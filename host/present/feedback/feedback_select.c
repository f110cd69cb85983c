#include "host/present/feedback/feedback_select.h"

#include "host/present/feedback/feedback_wayland.h"
#include "host/present/feedback/feedback_x11.h"
#include "host/present/sdl/native_window_sdl.h"

#include <stddef.h>

struct feedback *feedback_select(void *window, const char **why) {
  struct native_window native = {.system = NATIVE_WINDOW_OTHER};
  if (window)
    native_window_sdl_find(window, &native);
  *why = window ? "this window system tells nobody" : "there is no window";
  if (native.system == NATIVE_WINDOW_X11) {
    *why = "the X server has no Present extension";
    return feedback_create(feedback_x11_create(native.id));
  }
  if (native.system != NATIVE_WINDOW_WAYLAND)
    return NULL;
  *why = "the compositor has no wp_presentation";
  return feedback_create(feedback_wayland_create(native.display, native.surface));
}
