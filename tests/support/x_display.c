#include "support/x_display.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A window may vanish between two requests: that is an answer, not the end of the test. */
static int ignore_error(Display *connection, XErrorEvent *event) {
  (void)connection;
  (void)event;
  return 0;
}

static void run_server(int number_fd, const char *screen) {
  char number[16];
  int null = open("/dev/null", O_RDWR);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  snprintf(number, sizeof number, "%d", number_fd);
  if (!getenv("TRANSOM_TEST_VERBOSE"))
    dup2(null, STDERR_FILENO);
  execlp("Xvfb", "Xvfb", "-displayfd", number, "-screen", "0", screen, "-nolisten", "tcp", "-noreset", (char *)NULL);
  _exit(127);
}

static bool connect_to(struct x_display *display) {
  XSetErrorHandler(ignore_error);
  display->connection = XOpenDisplay(display->name);
  return display->connection != NULL;
}

bool x_display_start(struct x_display *display, const char *screen) {
  int ends[2];
  char number[8] = "";
  *display = (struct x_display){.server = -1};
  if (pipe(ends) != 0)
    return false;
  display->server = fork();
  if (display->server == 0)
    run_server(ends[1], screen);
  close(ends[1]);
  ssize_t length = display->server > 0 ? read(ends[0], number, sizeof number - 1) : -1; /* ends when the server does */
  close(ends[0]);
  if (length <= 0) {
    x_display_stop(display);
    return false;
  }
  snprintf(display->name, sizeof display->name, ":%d", atoi(number));
  return connect_to(display);
}

bool x_display_join(struct x_display *display, const char *name) {
  *display = (struct x_display){.server = -1};
  snprintf(display->name, sizeof display->name, "%s", name);
  return connect_to(display);
}

void x_display_stop(struct x_display *display) {
  if (display->connection)
    XCloseDisplay(display->connection);
  if (display->server > 0) {
    kill(display->server, SIGTERM);
    waitpid(display->server, NULL, 0);
  }
  *display = (struct x_display){.server = -1};
}

bool x_display_title(struct x_display *display, unsigned long window, char *title, size_t capacity) {
  char *name = NULL;
  if (!XFetchName(display->connection, window, &name) || !name)
    return false;
  snprintf(title, capacity, "%s", name);
  XFree(name);
  return true;
}

static unsigned long find_below(struct x_display *display, unsigned long window, const char *title, unsigned depth) {
  Window root, parent, *children = NULL, found = 0;
  unsigned count = 0;
  XWindowAttributes attributes;
  char name[256];
  XQueryTree(display->connection, window, &root, &parent, &children, &count);
  for (unsigned i = 0; i < count && !found; i++) {
    if (!XGetWindowAttributes(display->connection, children[i], &attributes) || attributes.map_state != IsViewable)
      continue;
    if (x_display_title(display, children[i], name, sizeof name) && strstr(name, title))
      found = children[i];
    else if (depth)
      found = find_below(display, children[i], title, depth - 1);
  }
  if (children)
    XFree(children);
  return found;
}

unsigned long x_display_find(struct x_display *display, const char *title) {
  return find_below(display, DefaultRootWindow((Display *)display->connection), title, 2); /* a window manager's frame has two layers */
}

void x_display_place(struct x_display *display, unsigned long window, int32_t x, int32_t y, uint32_t width, uint32_t height) {
  XMoveResizeWindow(display->connection, window, x, y, width, height);
  XSync(display->connection, False);
}

void x_display_map(struct x_display *display, unsigned long window, bool shown) {
  if (shown)
    XMapWindow(display->connection, window);
  else
    XUnmapWindow(display->connection, window);
  XSync(display->connection, False);
}

bool x_display_where(struct x_display *display, unsigned long window, struct x_rect *rect) {
  XWindowAttributes attributes;
  Window child;
  if (!XGetWindowAttributes(display->connection, window, &attributes))
    return false;
  rect->width = (unsigned)attributes.width;
  rect->height = (unsigned)attributes.height;
  return XTranslateCoordinates(display->connection, window, attributes.root, 0, 0, &rect->x, &rect->y, &child);
}

bool x_display_read(struct x_display *display, unsigned long window, struct x_picture *picture) {
  XWindowAttributes attributes;
  if (!XGetWindowAttributes(display->connection, window, &attributes))
    return false;
  uint32_t width = (uint32_t)attributes.width, height = (uint32_t)attributes.height;
  XImage *image = XGetImage(display->connection, window, 0, 0, width, height, AllPlanes, ZPixmap);
  uint32_t *pixels = image ? malloc((size_t)width * height * 4) : NULL;
  if (!pixels)
    return false;
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++)
      pixels[(size_t)y * width + x] = (uint32_t)XGetPixel(image, (int)x, (int)y) & 0xffffff;
  XDestroyImage(image);
  *picture = (struct x_picture){width, height, pixels};
  return true;
}
