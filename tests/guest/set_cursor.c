/* A cursor in the hardware's own plane: becomes DRM master and shows one at a place of the console's picture, until it is killed.
 *
 * usage: set_cursor X Y. Every pixel of its left half says where it is, the right half is transparent. Prints "set_cursor: shown". */
#include "dumb_image.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CURSOR_SIDE 64u

static int fail(const char *what) {
  perror(what);
  return 1;
}

static uint32_t shape(uint32_t x, uint32_t y) { return x < CURSOR_SIDE / 2 ? UINT32_C(0xff000000) | x * 4 << 16 | y * 4 << 8 | 0x80 : 0; }

static uint32_t first_crtc(int fd) {
  drmModeRes *resources = drmModeGetResources(fd);
  uint32_t id = resources && resources->count_crtcs > 0 ? resources->crtcs[0] : 0;
  drmModeFreeResources(resources);
  return id;
}

int main(int argc, char **argv) {
  int x, y, number;
  if (argc != 3 || sscanf(argv[1], "%d", &x) != 1 || sscanf(argv[2], "%d", &y) != 1) {
    fprintf(stderr, "usage: set_cursor X Y\n");
    return 2;
  }
  sigset_t wait_for;
  sigemptyset(&wait_for);
  sigaddset(&wait_for, SIGTERM);
  sigprocmask(SIG_BLOCK, &wait_for, NULL);
  int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return fail("set_cursor: cannot open /dev/dri/card0");
  if (drmSetMaster(fd) != 0)
    return fail("set_cursor: another program is DRM master");
  uint32_t crtc = first_crtc(fd);
  struct dumb_image image;
  if (dumb_image_create(&image, fd, CURSOR_SIDE, CURSOR_SIDE, shape) != 0 ||
      drmModeMoveCursor(fd, crtc, x, y) != 0 || /* first: it is never seen at another place */
      drmModeSetCursor(fd, crtc, image.handle, CURSOR_SIDE, CURSOR_SIDE) != 0)
    return fail("set_cursor: cannot show a cursor");
  printf("set_cursor: shown\n");
  fflush(stdout);
  sigwait(&wait_for, &number);
  return drmModeSetCursor(fd, crtc, 0, 0, 0) == 0 ? 0 : fail("set_cursor: cannot hide it again");
}
