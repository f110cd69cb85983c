#include "support/temp_region.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t page_bytes(void) { return (uint64_t)sysconf(_SC_PAGESIZE); }

/* Reserves the whole range first: the kernel then cannot put anything else where the guard pages are. */
static int map_guarded(struct temp_region *region) {
  const uint64_t page = page_bytes();
  if (region->bytes == 0 || region->bytes % page != 0)
    return -EINVAL;
  uint8_t *reserved = mmap(NULL, region->bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED)
    return -errno;
  if (mmap(reserved + page, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, region->fd, 0) == MAP_FAILED) {
    const int error = errno;
    munmap(reserved, region->bytes + 2 * page);
    return -error;
  }
  region->base = reserved + page;
  return 0;
}

static int size_and_map(struct temp_region *region) {
  int result = ftruncate(region->fd, (off_t)region->bytes) == 0 ? 0 : -errno;
  if (result == 0)
    result = map_guarded(region);
  if (result != 0) {
    close(region->fd);
    if (region->path[0])
      unlink(region->path);
  }
  return result;
}

int temp_region_init(struct temp_region *region, uint64_t bytes) {
  *region = (struct temp_region){.bytes = bytes, .fd = memfd_create("transom-test", MFD_CLOEXEC)};
  return region->fd < 0 ? -errno : size_and_map(region);
}

int temp_region_init_file(struct temp_region *region, uint64_t bytes) {
  *region = (struct temp_region){.bytes = bytes};
  const char *directory = getenv("TMPDIR");
  const int length = snprintf(region->path, sizeof region->path, "%s/transom-region-XXXXXX", directory ? directory : "/tmp");
  if (length >= (int)sizeof region->path)
    return -ENAMETOOLONG;
  region->fd = mkstemp(region->path);
  return region->fd < 0 ? -errno : size_and_map(region);
}

void temp_region_finish(struct temp_region *region) {
  const uint64_t page = page_bytes();
  munmap(region->base - page, region->bytes + 2 * page);
  close(region->fd);
  if (region->path[0])
    unlink(region->path);
  *region = (struct temp_region){.fd = -1};
}
