#include "support/window_manager.h"

#include <X11/Xlib.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 10000000L
#define NOT_INSTALLED 127

static void run(const char *display, const char *home) {
  int null = open("/dev/null", O_RDWR);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  setenv("DISPLAY", display, 1);
  setenv("HOME", home, 1);
  setenv("XDG_CONFIG_HOME", home, 1);
  setenv("XDG_CACHE_HOME", home, 1);
  setenv("XDG_DATA_HOME", home, 1);
  execlp("openbox", "openbox", "--sm-disable", (char *)NULL);
  _exit(NOT_INSTALLED);
}

/* EWMH: set on the root window as soon as it is at work. */
static bool is_at_work(const struct x_display *display) {
  Display *connection = display->connection;
  Atom type, name = XInternAtom(connection, "_NET_SUPPORTING_WM_CHECK", False);
  int format;
  unsigned long count = 0, left;
  unsigned char *value = NULL;
  XGetWindowProperty(connection, DefaultRootWindow(connection), name, 0, 1, False, AnyPropertyType, &type, &format, &count, &left, &value);
  if (value)
    XFree(value);
  return count == 1;
}

pid_t window_manager_start(const struct x_display *display, const char *home) {
  pid_t manager = fork();
  if (manager == 0)
    run(display->name, home);
  while (manager > 0 && !is_at_work(display)) {
    if (waitpid(manager, NULL, WNOHANG) == manager)
      return -1;
    nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
  }
  return manager;
}

void window_manager_stop(pid_t manager) {
  kill(manager, SIGTERM);
  waitpid(manager, NULL, 0);
}
