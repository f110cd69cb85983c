#include "guest/linux/region_device_linux.h"

#include "protocol/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  (void)device, (void)peer_id, (void)vector; /* consumers of a file poll */
}

static void destroy(struct region_device *device) {
  munmap((void *)(uintptr_t)device->base, device->bytes);
  free(device);
}

static const struct region_device_impl impl = {.name = "file", .ring = ring, .destroy = destroy};

/* The descriptor, or -1 with errno. */
static int open_or_create(const char *path, uint64_t create_bytes) {
  const int existing = open(path, O_RDWR | O_CLOEXEC);
  if (existing >= 0 || errno != ENOENT || create_bytes == 0)
    return existing;
  const int made = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);
  if (made >= 0 && ftruncate(made, (off_t)create_bytes) != 0) {
    const int error = errno;
    close(made);
    unlink(path);
    errno = error;
    return -1;
  }
  return made;
}

/* A device file such as /dev/kvmfr0 has no size of its own but can seek to its end. */
static uint64_t size_of(int fd) {
  const off_t end = lseek(fd, 0, SEEK_END);
  return end > 0 ? (uint64_t)end : 0;
}

static struct region_device *map(int fd, const char *path, char error[REGION_ERROR_BYTES]) {
  const uint64_t bytes = size_of(fd);
  if (bytes < TRANSOM_REGION_BYTES_MIN || bytes > TRANSOM_REGION_BYTES_MAX) {
    snprintf(error, REGION_ERROR_BYTES, "%s: %llu bytes are no size for a region: 1 MiB to 16 GiB", path, (unsigned long long)bytes);
    return NULL;
  }
  void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  struct region_device *device = base == MAP_FAILED ? NULL : calloc(1, sizeof *device);
  if (!device) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot be mapped: %s", path, strerror(errno));
    if (base != MAP_FAILED)
      munmap(base, bytes);
    return NULL;
  }
  *device = (struct region_device){.impl = &impl, .base = base, .bytes = bytes};
  snprintf(device->text, sizeof device->text, "%.90s, %llu MiB", path, (unsigned long long)(bytes >> 20));
  return device;
}

struct region_device *region_device_file_open(const char *path, uint64_t create_bytes, char error[REGION_ERROR_BYTES]) {
  const int fd = open_or_create(path, create_bytes);
  if (fd < 0) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot be opened: %s", path, strerror(errno));
    return NULL;
  }
  struct region_device *device = map(fd, path, error);
  close(fd);
  return device;
}
