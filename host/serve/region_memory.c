#include "host/serve/region_memory.h"

#include "protocol/atomics.h"
#include "protocol/layout.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_PAGE_BYTES 4096u /* what an agent looks at before it formats */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool is_power_of_two(uint64_t value) { return value && !(value & (value - 1)); }

static bool is_region_size(uint64_t bytes) {
  return is_power_of_two(bytes) && bytes >= TRANSOM_REGION_BYTES_MIN && bytes <= TRANSOM_REGION_BYTES_MAX;
}

static int map_and_keep(struct region_memory *memory, int fd, uint64_t bytes, bool huge_pages) {
  void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED)
    return -errno;
  *memory = (struct region_memory){fd, bytes, base, huge_pages};
  return 0;
}

/* Huge pages are allocated now or not at all: a page that is missing later would kill whoever touches it. */
static int create_kind(struct region_memory *memory, uint64_t bytes, bool huge_pages) {
  int fd = memfd_create("transom-region", MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge_pages ? MFD_HUGETLB : 0u));
  if (fd < 0)
    return -errno;
  int result = ftruncate(fd, (off_t)bytes) || (huge_pages && fallocate(fd, 0, 0, (off_t)bytes)) ? -errno : 0;
  if (!result && fcntl(fd, F_ADD_SEALS, SEALS))
    result = -errno;
  if (!result)
    result = map_and_keep(memory, fd, bytes, huge_pages);
  if (result)
    close(fd);
  return result;
}

int region_memory_create(struct region_memory *memory, uint64_t bytes) {
  if (!is_region_size(bytes))
    return -EINVAL;
  return create_kind(memory, bytes, true) == 0 ? 0 : create_kind(memory, bytes, false);
}

int region_memory_adopt(struct region_memory *memory, int fd) {
  struct stat status;
  if (fstat(fd, &status))
    return -errno;
  int seals = fcntl(fd, F_GET_SEALS);
  if (!is_region_size((uint64_t)status.st_size) || seals < 0 || (seals & SEALS) != SEALS)
    return -EINVAL;
  return map_and_keep(memory, fd, (uint64_t)status.st_size, status.st_blksize > 65536);
}

void region_memory_close(struct region_memory *memory) {
  munmap(memory->base, memory->bytes);
  close(memory->fd);
  *memory = (struct region_memory){.fd = -1};
}

/* Ours, or not formatted by anybody. While an agent formats, the magic is 0, and the host area is nobody's to format. */
static bool is_our_layout(const struct region_memory *memory) {
  struct transom_header header;
  wire_read(&header, memory->base, sizeof header);
  if (header.magic == 0)
    return header.epoch == 0 || header.layout_major == TRANSOM_LAYOUT_MAJOR;
  return header.magic == TRANSOM_MAGIC && header.layout_major == TRANSOM_LAYOUT_MAJOR;
}

static void clear(volatile void *line) {
  static const uint64_t zeros[TRANSOM_LINE_BYTES / 8];
  wire_write(line, zeros, sizeof zeros);
}

void region_memory_clear_consumer(struct region_memory *memory, uint32_t id) {
  assert(id < TRANSOM_CONSUMERS_MAX);
  if (!is_our_layout(memory))
    return;
  volatile struct transom_host_area *host = (void *)((uint8_t *)memory->base + TRANSOM_HOST_AREA_OFFSET);
  clear(&host->consumers[id]);
  clear(&host->clocks[id]);
}

void region_memory_clear_foreign(struct region_memory *memory) {
  if (is_our_layout(memory))
    return;
  for (uint32_t offset = 0; offset < FIRST_PAGE_BYTES; offset += TRANSOM_LINE_BYTES)
    clear((uint8_t *)memory->base + offset);
}
