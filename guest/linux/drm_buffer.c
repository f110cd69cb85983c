#include "guest/linux/drm_buffer.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define KEY_DMA_BUF (UINT64_C(1) << 63) /* keys of dma-bufs are inode numbers, of others offsets: kept apart by this bit */

/* What the kernel says of a framebuffer. `handle` is ours to close. */
struct framebuffer {
  uint32_t width, height, pitch_bytes, offset_bytes, fourcc, handle;
  uint64_t modifier;
};

void drm_buffers_init(struct drm_buffers *buffers) {
  memset(buffers, 0, sizeof *buffers);
  for (int i = 0; i < DRM_BUFFERS_KEPT; i++)
    buffers->list[i].dma_buf = -1;
}

static void drop(struct drm_buffer *buffer) {
  if (buffer->key)
    munmap(buffer->map, buffer->bytes);
  if (buffer->dma_buf >= 0)
    close(buffer->dma_buf);
  *buffer = (struct drm_buffer){.dma_buf = -1};
}

void drm_buffers_finish(struct drm_buffers *buffers) {
  for (int i = 0; i < DRM_BUFFERS_KEPT; i++)
    drop(&buffers->list[i]);
}

/* ---- asking the kernel ---- */

/* One plane only, or planes that lie in one buffer and are all we need: anything else has a modifier and is refused before. */
static void close_handles(int fd, const uint32_t handles[4]) {
  for (int i = 1; i < 4; i++) {
    bool seen = handles[i] == 0;
    for (int j = 0; j < i; j++)
      seen |= handles[j] == handles[i];
    if (!seen)
      drmCloseBufferHandle(fd, handles[i]);
  }
}

static uint32_t legacy_fourcc(uint32_t depth, uint32_t bits) {
  if (bits == 32)
    return depth == 30 ? DRM_FORMAT_XRGB2101010 : DRM_FORMAT_XRGB8888;
  return bits == 24 ? DRM_FORMAT_RGB888 : bits == 16 ? DRM_FORMAT_RGB565 : 0;
}

/* Kernels before 5.7. */
static int describe_legacy(int fd, uint32_t id, struct framebuffer *framebuffer) {
  drmModeFB *fb = drmModeGetFB(fd, id);
  if (!fb)
    return -errno;
  *framebuffer = (struct framebuffer){.width = fb->width,
                                      .height = fb->height,
                                      .pitch_bytes = fb->pitch,
                                      .fourcc = legacy_fourcc(fb->depth, fb->bpp),
                                      .handle = fb->handle,
                                      .modifier = DRM_FORMAT_MOD_LINEAR};
  drmModeFreeFB(fb);
  return 0;
}

static int describe(int fd, uint32_t id, struct framebuffer *framebuffer) {
  drmModeFB2 *fb = drmModeGetFB2(fd, id);
  if (!fb)
    return errno == EINVAL || errno == ENOTTY ? describe_legacy(fd, id, framebuffer) : -errno;
  *framebuffer = (struct framebuffer){.width = fb->width,
                                      .height = fb->height,
                                      .pitch_bytes = fb->pitches[0],
                                      .offset_bytes = fb->offsets[0],
                                      .fourcc = fb->pixel_format,
                                      .handle = fb->handles[0],
                                      .modifier = fb->flags & DRM_MODE_FB_MODIFIERS ? fb->modifier : DRM_FORMAT_MOD_LINEAR};
  close_handles(fd, fb->handles);
  drmModeFreeFB2(fb);
  return 0;
}

/* ---- mapping ---- */

static struct drm_buffer *find(struct drm_buffers *buffers, uint64_t key, size_t bytes) {
  for (int i = 0; i < DRM_BUFFERS_KEPT; i++) {
    if (buffers->list[i].key == key && buffers->list[i].bytes >= bytes)
      return &buffers->list[i];
  }
  return NULL;
}

static struct drm_buffer *place_for_new(struct drm_buffers *buffers) {
  struct drm_buffer *oldest = &buffers->list[0];
  for (int i = 1; i < DRM_BUFFERS_KEPT; i++) {
    if (buffers->list[i].used < oldest->used)
      oldest = &buffers->list[i];
  }
  drop(oldest);
  return oldest;
}

static struct drm_buffer *keep(struct drm_buffers *buffers, uint64_t key, int fd, uint64_t offset, size_t bytes) {
  void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, (off_t)offset);
  if (map == MAP_FAILED)
    return NULL;
  struct drm_buffer *buffer = place_for_new(buffers);
  *buffer = (struct drm_buffer){.key = key, .map = map, .bytes = bytes, .dma_buf = -1};
  return buffer;
}

/* The offset that the kernel gives for mapping belongs to the memory as long as anybody has it mapped: it tells whether we have it already.
 */
static struct drm_buffer *map_by_device(struct drm_buffers *buffers, int fd, uint32_t handle, size_t bytes) {
  uint64_t offset;
  if (drmModeMapDumbBuffer(fd, handle, &offset) != 0)
    return NULL;
  struct drm_buffer *known = find(buffers, offset, bytes);
  return known ? known : keep(buffers, offset, fd, offset, bytes);
}

static struct drm_buffer *map_by_dma_buf(struct drm_buffers *buffers, int fd, uint32_t handle, size_t bytes) {
  int dma_buf;
  struct stat status;
  if (drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC, &dma_buf) != 0)
    return NULL;
  if (fstat(dma_buf, &status) != 0) {
    close(dma_buf);
    return NULL;
  }
  const uint64_t key = KEY_DMA_BUF | (uint64_t)status.st_ino;
  struct drm_buffer *buffer = find(buffers, key, bytes);
  if (!buffer) {
    buffer = keep(buffers, key, dma_buf, 0, bytes);
    if (buffer) {
      buffer->dma_buf = dma_buf;
      return buffer;
    }
  }
  close(dma_buf);
  return buffer;
}

static int refuse(const struct framebuffer *framebuffer, char *text, size_t capacity) {
  if (framebuffer->handle == 0) {
    snprintf(text, capacity, "the screen's buffer is not given to us: the agent must run as root");
    return -EACCES;
  }
  if (framebuffer->modifier != DRM_FORMAT_MOD_LINEAR) {
    snprintf(text, capacity, "the screen's buffer is tiled for the GPU (modifier 0x%" PRIx64 "): only linear buffers can be read",
             framebuffer->modifier);
    return -ENOTSUP;
  }
  return 0;
}

static int map_framebuffer(struct drm_buffers *buffers, int fd, const struct framebuffer *framebuffer, struct drm_picture *picture,
                           char *text, size_t capacity) {
  const int refused = refuse(framebuffer, text, capacity);
  if (refused)
    return refused;
  const size_t bytes = (size_t)framebuffer->offset_bytes + (size_t)framebuffer->pitch_bytes * framebuffer->height;
  struct drm_buffer *buffer = map_by_device(buffers, fd, framebuffer->handle, bytes);
  if (!buffer)
    buffer = map_by_dma_buf(buffers, fd, framebuffer->handle, bytes);
  if (!buffer) {
    snprintf(text, capacity, "the screen's buffer cannot be mapped: %s", strerror(errno));
    return -ENOTSUP;
  }
  buffer->used = ++buffers->uses;
  *picture = (struct drm_picture){.width = framebuffer->width,
                                  .height = framebuffer->height,
                                  .pitch_bytes = framebuffer->pitch_bytes,
                                  .fourcc = framebuffer->fourcc,
                                  .pixels = (const uint8_t *)buffer->map + framebuffer->offset_bytes,
                                  .dma_buf = buffer->dma_buf};
  return 0;
}

int drm_buffers_get(struct drm_buffers *buffers, int fd, uint32_t framebuffer_id, struct drm_picture *picture, char *text,
                    size_t capacity) {
  struct framebuffer framebuffer = {0};
  const int error = describe(fd, framebuffer_id, &framebuffer);
  if (error)
    return error;
  const int result = map_framebuffer(buffers, fd, &framebuffer, picture, text, capacity);
  if (framebuffer.handle)
    drmCloseBufferHandle(fd, framebuffer.handle);
  return result;
}

static void synchronise(const struct drm_picture *picture, uint64_t flags) {
  struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_READ};
  if (picture->dma_buf >= 0)
    ioctl(picture->dma_buf, DMA_BUF_IOCTL_SYNC, &sync);
}

void drm_picture_begin(const struct drm_picture *picture) { synchronise(picture, DMA_BUF_SYNC_START); }

void drm_picture_end(const struct drm_picture *picture) { synchronise(picture, DMA_BUF_SYNC_END); }
