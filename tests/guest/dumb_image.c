#include "dumb_image.h"

#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>

int dumb_image_create(struct dumb_image *image, int fd, uint32_t width, uint32_t height, uint32_t (*draw)(uint32_t x, uint32_t y)) {
  struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
  if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0)
    return -1;
  struct drm_mode_map_dumb map = {.handle = create.handle};
  if (drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0)
    return -1;
  uint8_t *pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.offset);
  if (pixels == MAP_FAILED)
    return -1;
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++) {
      uint32_t pixel = draw(x, y);
      memcpy(pixels + (size_t)y * create.pitch + x * 4, &pixel, sizeof pixel);
    }
  munmap(pixels, create.size);
  *image = (struct dumb_image){create.handle, width, height, create.pitch};
  return 0;
}
