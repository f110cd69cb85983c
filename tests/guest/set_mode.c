/* Another picture in another size: becomes DRM master, sets a mode with a pattern in which every pixel says where it is, and waits.
 *
 * usage: set_mode WIDTHxHEIGHT|off [OUTPUT]. OUTPUT counts connected connectors from 0, each with the CRTC of the same number. Prints
 * "set_mode: WIDTHxHEIGHT shown" or "set_mode: off" when it is so. On SIGTERM it puts the console's mode and framebuffer back: the kernel
 * would do so only when nobody else has the device open, and the agent has. */
#include "dumb_image.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

struct screen {
  int fd;
  uint32_t connector_id, crtc_id;
  drmModeModeInfo mode;
  drmModeCrtc *before;
};

/* Its mode of that size; width 0: none is wanted. */
static bool has_mode(const drmModeConnector *connector, int width, int height, drmModeModeInfo *mode) {
  for (int m = 0; m < connector->count_modes; m++) {
    *mode = connector->modes[m];
    if (mode->hdisplay == width && mode->vdisplay == height)
      return true;
  }
  return width == 0;
}

static bool screen_find(struct screen *screen, int width, int height, int output) {
  drmModeRes *resources = drmModeGetResources(screen->fd);
  bool found = false;
  for (int i = 0, connected = 0; resources && !found && i < resources->count_connectors; i++) {
    drmModeConnector *connector = drmModeGetConnector(screen->fd, resources->connectors[i]);
    if (connector && connector->connection == DRM_MODE_CONNECTED && connected++ == output && output < resources->count_crtcs) {
      found = has_mode(connector, width, height, &screen->mode);
      screen->connector_id = connector->connector_id;
      screen->crtc_id = resources->crtcs[output];
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

static bool show(struct screen *screen, uint32_t framebuffer) {
  if (!framebuffer)
    return drmModeSetCrtc(screen->fd, screen->crtc_id, 0, 0, 0, NULL, 0, NULL) == 0;
  return drmModeSetCrtc(screen->fd, screen->crtc_id, framebuffer, 0, 0, &screen->connector_id, 1, &screen->mode) == 0;
}

/* framebuffer 0: nothing, the output is off. */
static int show_until_killed(struct screen *screen, uint32_t framebuffer) {
  sigset_t wait_for;
  sigemptyset(&wait_for);
  sigaddset(&wait_for, SIGTERM);
  sigaddset(&wait_for, SIGINT);
  sigprocmask(SIG_BLOCK, &wait_for, NULL);
  screen->before = drmModeGetCrtc(screen->fd, screen->crtc_id);
  if (!show(screen, framebuffer))
    return fail("set_mode: cannot set the mode");
  if (framebuffer)
    printf("set_mode: %ux%u shown\n", screen->mode.hdisplay, screen->mode.vdisplay);
  else
    printf("set_mode: off\n");
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
  int width = 0, height = 0, output = argc == 3 ? atoi(argv[2]) : 0;
  if (argc < 2 || argc > 3 || (sscanf(argv[1], "%dx%d", &width, &height) != 2 && strcmp(argv[1], "off") != 0)) {
    fprintf(stderr, "usage: set_mode WIDTHxHEIGHT|off [OUTPUT]\n");
    return 2;
  }
  struct screen screen = {.fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC)};
  if (screen.fd < 0)
    return fail("set_mode: cannot open /dev/dri/card0");
  if (drmSetMaster(screen.fd) != 0)
    return fail("set_mode: another program is DRM master");
  if (!screen_find(&screen, width, height, output)) {
    fprintf(stderr, "set_mode: output %d has no mode %s\n", output, argv[1]);
    return 1;
  }
  if (width == 0)
    return show_until_killed(&screen, 0);
  uint32_t framebuffer = create_framebuffer(screen.fd, screen.mode.hdisplay, screen.mode.vdisplay);
  return framebuffer ? show_until_killed(&screen, framebuffer) : fail("set_mode: cannot make a framebuffer");
}
