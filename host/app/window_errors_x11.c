#define LOG_MODULE "window"
#include "host/app/window_errors_x11.h"

#include "common/log.h"

#include <X11/Xlib.h>
#include <stdatomic.h>

static atomic_uint count;

/* SDL wakes the main thread by an event to a window, over a connection of its own: that window may be gone by the time the server reads it.
 * On whatever thread is just reading the connection. */
static int on_error(Display *display, XErrorEvent *error) {
  char text[128] = "";
  XGetErrorText(display, error->error_code, text, sizeof text);
  atomic_fetch_add(&count, 1);
  log_warning("the X server refuses a request: %s (request %u.%u, resource 0x%lx); going on", text, error->request_code, error->minor_code,
              error->resourceid);
  return 0;
}

void window_errors_x11_survive(void) { XSetErrorHandler(on_error); }

uint32_t window_errors_x11_count(void) { return atomic_load(&count); }
