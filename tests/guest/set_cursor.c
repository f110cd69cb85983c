/* A cursor in the hardware's own plane: becomes DRM master and shows one at a place of the console's picture, until it is killed.
 *
 * usage: set_cursor X Y. Every pixel of its left half says where it is, the right half is transparent. Prints "set_cursor: shown". */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CURSOR_SIDE 64u

static int fail(const char *what) {
  perror(what);
  return 1;
}

static void draw(uint8_t *pixels, uint32_t pitch) {
  for (uint32_t y = 0; y < CURSOR_SIDE; y++)
    for (uint32_t x = 0; x < CURSOR_SIDE; x++) {
      uint32_t pixel = x < CURSOR_SIDE / 2 ? UINT32_C(0xff000000) | x * 4 << 16 | y * 4 << 8 | 0x80 : 0;
      memcpy(pixels + (size_t)y * pitch + x * 4, &pixel, sizeof pixel);
    }
}

/* Its buffer's handle; 0 = none. */
static uint32_t create_image(int fd) {
  struct drm_mode_create_dumb create = {.width = CURSOR_SIDE, .height = CURSOR_SIDE, .bpp = 32};
  if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0)
    return 0;
  struct drm_mode_map_dumb map = {.handle = create.handle};
  if (drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0)
    return 0;
  void *pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.offset);
  if (pixels == MAP_FAILED)
    return 0;
  draw(pixels, create.pitch);
  munmap(pixels, create.size);
  return create.handle;
}

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
  uint32_t crtc = first_crtc(fd), image = create_image(fd);
  if (!image || drmModeSetCursor(fd, crtc, image, CURSOR_SIDE, CURSOR_SIDE) != 0 || drmModeMoveCursor(fd, crtc, x, y) != 0)
    return fail("set_cursor: cannot show a cursor");
  printf("set_cursor: shown\n");
  fflush(stdout);
  sigwait(&wait_for, &number);
  return drmModeSetCursor(fd, crtc, 0, 0, 0) == 0 ? 0 : fail("set_cursor: cannot hide it again");
}
