/* Another picture in another size: becomes DRM master, sets a mode with a pattern in which every pixel says where it is, and waits.
 *
 * usage: set_mode WIDTHxHEIGHT. Prints "set_mode: WIDTHxHEIGHT shown" when the mode stands. On SIGTERM it puts the console's mode and
 * framebuffer back: the kernel would do so only when nobody else has the device open, and the agent has. */
#include "dumb_image.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

struct screen {
  int fd;
  uint32_t connector_id, crtc_id;
  drmModeModeInfo mode;
  drmModeCrtc *before;
};

/* The first connected connector, its mode of that size, and the CRTC that drives it now. */
static bool screen_find(struct screen *screen, int width, int height) {
  drmModeRes *resources = drmModeGetResources(screen->fd);
  bool found = false;
  for (int i = 0; resources && !found && i < resources->count_connectors; i++) {
    drmModeConnector *connector = drmModeGetConnector(screen->fd, resources->connectors[i]);
    for (int m = 0; connector && !found && connector->connection == DRM_MODE_CONNECTED && m < connector->count_modes; m++) {
      found = connector->modes[m].hdisplay == width && connector->modes[m].vdisplay == height;
      screen->mode = connector->modes[m];
      screen->connector_id = connector->connector_id;
      screen->crtc_id = resources->crtcs[0];
    }
    drmModeFreeConnector(connector);
  }
  drmModeFreeResources(resources);
  return found;
}

static uint32_t pattern(uint32_t x, uint32_t y) { return (x & 0xff) << 16 | (y & 0xff) << 8 | (x >> 8 & 0xf) << 4 | (y >> 8 & 0xf); }

/* 0 = none. */
static uint32_t create_framebuffer(int fd, uint32_t width, uint32_t height) {
  struct dumb_image image;
  uint32_t id = 0;
  if (dumb_image_create(&image, fd, width, height, pattern) != 0)
    return 0;
  return drmModeAddFB(fd, width, height, 24, 32, image.pitch, image.handle, &id) == 0 ? id : 0;
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int show_until_killed(struct screen *screen, uint32_t framebuffer) {
  sigset_t wait_for;
  sigemptyset(&wait_for);
  sigaddset(&wait_for, SIGTERM);
  sigaddset(&wait_for, SIGINT);
  sigprocmask(SIG_BLOCK, &wait_for, NULL);
  screen->before = drmModeGetCrtc(screen->fd, screen->crtc_id);
  if (drmModeSetCrtc(screen->fd, screen->crtc_id, framebuffer, 0, 0, &screen->connector_id, 1, &screen->mode) != 0)
    return fail("set_mode: cannot set the mode");
  printf("set_mode: %ux%u shown\n", screen->mode.hdisplay, screen->mode.vdisplay);
  fflush(stdout);
  int number;
  sigwait(&wait_for, &number);
  if (screen->before &&
      drmModeSetCrtc(screen->fd, screen->crtc_id, screen->before->buffer_id, 0, 0, &screen->connector_id, 1, &screen->before->mode) != 0)
    return fail("set_mode: cannot put the console back");
  drmModeFreeCrtc(screen->before);
  return 0;
}

int main(int argc, char **argv) {
  int width, height;
  if (argc != 2 || sscanf(argv[1], "%dx%d", &width, &height) != 2) {
    fprintf(stderr, "usage: set_mode WIDTHxHEIGHT\n");
    return 2;
  }
  struct screen screen = {.fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC)};
  if (screen.fd < 0)
    return fail("set_mode: cannot open /dev/dri/card0");
  if (drmSetMaster(screen.fd) != 0)
    return fail("set_mode: another program is DRM master");
  if (!screen_find(&screen, width, height)) {
    fprintf(stderr, "set_mode: the screen has no mode %s\n", argv[1]);
    return 1;
  }
  uint32_t framebuffer = create_framebuffer(screen.fd, screen.mode.hdisplay, screen.mode.vdisplay);
  return framebuffer ? show_until_killed(&screen, framebuffer) : fail("set_mode: cannot make a framebuffer");
}
