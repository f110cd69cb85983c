#include "host/link/shared_memory.h"

#include "host/link/memory_guard.h"

#include "protocol/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_PREFIX "server:"
#define KVMFR_GET_SIZE _IO('u', 0x44) /* of the kvmfr kernel module: returns the size */

static const char *server_socket(const char *region) {
  size_t length = strlen(SERVER_PREFIX);
  return strncmp(region, SERVER_PREFIX, length) ? NULL : region + length;
}

bool shared_memory_is_name(const char *region) {
  const char *socket = server_socket(region);
  return socket ? *socket != 0 : *region != 0;
}

static bool is_sealed(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && seals & F_SEAL_SHRINK;
}

static int measure(int fd, struct stat *status, uint64_t *bytes) {
  if (fstat(fd, status))
    return -errno;
  if (S_ISCHR(status->st_mode)) {
    int size = ioctl(fd, KVMFR_GET_SIZE, 0);
    *bytes = size > 0 ? (uint64_t)size : 0;
    return size < 0 ? -errno : 0;
  }
  *bytes = (uint64_t)status->st_size;
  return S_ISREG(status->st_mode) ? 0 : -ENODEV;
}

/* Between two areas that nobody can touch: an access that leaves the region ends the program, it never reaches other memory. Aligned as
 * the file's pages are (huge ones: st_blksize). */
static void *map_guarded(struct shared_memory *memory, int fd, uint64_t bytes, uint64_t page_bytes) {
  uint64_t reserved = bytes + 3 * page_bytes;
  void *area = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED)
    return MAP_FAILED;
  uintptr_t inside = ((uintptr_t)area + 2 * page_bytes - 1) / page_bytes * page_bytes;
  void *base = mmap((void *)inside, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  if (base == MAP_FAILED) {
    int error = errno;
    munmap(area, reserved);
    errno = error;
    return MAP_FAILED;
  }
  memory->area = area;
  memory->area_bytes = reserved;
  return base;
}

static int map(struct shared_memory *memory, int fd) {
  struct stat status;
  uint64_t bytes;
  int result = measure(fd, &status, &bytes);
  if (result)
    return result;
  if (bytes == 0)
    return -EAGAIN;
  if (bytes < TRANSOM_REGION_BYTES_MIN || bytes > TRANSOM_REGION_BYTES_MAX)
    return -EMSGSIZE;
  void *base = map_guarded(memory, fd, bytes, status.st_blksize > 4096 && S_ISREG(status.st_mode) ? (uint64_t)status.st_blksize : 4096);
  if (base == MAP_FAILED)
    return -errno;
  if (!is_sealed(fd))
    memory_guard_add(base, bytes, &memory->is_cut);
  memory->base = base;
  memory->bytes = bytes;
  memory->device = status.st_dev;
  memory->inode = status.st_ino;
  return 0;
}

/* Open file description locks: of this open file, not of this process. 0, -EAGAIN, other -errno. */
static int lock_bytes(int fd, uint64_t offset, uint64_t bytes) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = (off_t)bytes};
  if (!fcntl(fd, F_OFD_SETLK, &lock))
    return 0;
  return errno == EACCES ? -EAGAIN : -errno;
}

static int claim_line(struct shared_memory *memory) {
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    uint64_t offset = TRANSOM_HOST_AREA_OFFSET + offsetof(struct transom_host_area, consumers) + i * TRANSOM_LINE_BYTES;
    int result = lock_bytes(memory->fd, offset, TRANSOM_LINE_BYTES);
    if (result == -EAGAIN)
      continue;
    memory->line = i;
    return result;
  }
  return -EUSERS;
}

int shared_memory_lock_controller(struct shared_memory *memory) {
  return lock_bytes(memory->fd, TRANSOM_HOST_AREA_OFFSET + offsetof(struct transom_host_area, to_host),
                    sizeof((struct transom_host_area *)0)->to_host + sizeof((struct transom_host_area *)0)->to_guest);
}

static int open_file(struct shared_memory *memory, const char *path) {
  memory->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (memory->fd < 0)
    return -errno;
  int result = map(memory, memory->fd);
  return result ? result : claim_line(memory);
}

static int open_server(struct shared_memory *memory, const char *socket, int timeout_ms) {
  int result = ivshmem_peer_connect(&memory->peer, socket, timeout_ms);
  if (result)
    return result;
  memory->has_server = true;
  memory->line = memory->peer.id;
  return map(memory, memory->peer.region);
}

static void destroy(struct shared_memory *memory) {
  if (memory->base) {
    memory_guard_remove(memory->base);
    munmap(memory->area, memory->area_bytes);
  }
  if (memory->fd >= 0)
    close(memory->fd);
  ivshmem_peer_close(&memory->peer);
  free(memory);
}

int shared_memory_open(const char *region, int timeout_ms, struct shared_memory **out) {
  struct shared_memory *memory = calloc(1, sizeof *memory);
  if (!memory)
    return -ENOMEM;
  memory->fd = -1;
  atomic_init(&memory->references, 1);
  ivshmem_peer_init(&memory->peer);
  const char *socket = server_socket(region);
  int result = socket ? open_server(memory, socket, timeout_ms) : open_file(memory, region);
  if (result)
    destroy(memory);
  else
    *out = memory;
  return result;
}

struct shared_memory *shared_memory_acquire(struct shared_memory *memory) {
  atomic_fetch_add_explicit(&memory->references, 1, memory_order_relaxed);
  return memory;
}

void shared_memory_release(struct shared_memory *memory) {
  if (memory && atomic_fetch_sub_explicit(&memory->references, 1, memory_order_acq_rel) == 1)
    destroy(memory);
}

int shared_memory_fd(const struct shared_memory *memory) { return memory->has_server ? memory->peer.region : memory->fd; }

bool shared_memory_is_current(const struct shared_memory *memory, const char *region) {
  struct stat status, open_status;
  uint64_t bytes;
  if (memory->has_server)
    return true;
  if (atomic_load(&memory->is_cut))
    return false;
  if (stat(region, &status) || status.st_dev != memory->device || status.st_ino != memory->inode)
    return false;
  return measure(memory->fd, &open_status, &bytes) == 0 && bytes == memory->bytes;
}
