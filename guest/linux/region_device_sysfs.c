#include "guest/linux/region_device_linux.h"

#include "protocol/atomics.h"
#include "protocol/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IVSHMEM_VENDOR 0x1af4u
#define IVSHMEM_DEVICE 0x1110u
#define DOORBELL_OFFSET 0xcu /* BAR0: a 32-bit write of peer << 16 | vector rings */
#define REGISTERS_BYTES 4096u
#define CANDIDATES_MAX 16u
#define PATH_BYTES 512

struct sysfs_device {
  struct region_device device;
  volatile uint32_t *registers; /* NULL = none */
};

struct candidate {
  char address[16];
  uint64_t bar_bytes[3];
};

struct candidates {
  uint32_t count;
  struct candidate list[CANDIDATES_MAX];
};

/* ---- the device ---- */

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  const struct sysfs_device *self = (const struct sysfs_device *)device;
  if (self->registers && device->has_doorbell)
    wire_store32(&self->registers[DOORBELL_OFFSET / 4], peer_id << 16 | vector);
}

static void destroy(struct region_device *device) {
  struct sysfs_device *self = (struct sysfs_device *)device;
  munmap((void *)(uintptr_t)device->base, device->bytes);
  if (self->registers)
    munmap((void *)(uintptr_t)self->registers, REGISTERS_BYTES);
  free(self);
}

static const struct region_device_impl impl = {.name = "pci", .ring = ring, .destroy = destroy};

/* ---- looking ---- */

static FILE *open_attribute(const char *root, const char *address, const char *name) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", root, address, name);
  return fopen(path, "re");
}

static uint32_t read_number(const char *root, const char *address, const char *name) {
  unsigned value = 0;
  FILE *file = open_attribute(root, address, name);
  if (!file)
    return 0;
  if (fscanf(file, "%x", &value) != 1)
    value = 0;
  fclose(file);
  return value;
}

/* "start end flags", one line a BAR; all zero = there is no such BAR. */
static void read_bars(const char *root, struct candidate *candidate) {
  FILE *file = open_attribute(root, candidate->address, "resource");
  if (!file)
    return;
  unsigned long long start, end, flags;
  for (int bar = 0; bar < 3 && fscanf(file, "%llx %llx %llx", &start, &end, &flags) == 3; bar++)
    candidate->bar_bytes[bar] = end > start ? end - start + 1 : 0;
  fclose(file);
}

static int compare_candidates(const void *a, const void *b) {
  const struct candidate *one = a, *other = b;
  if (one->bar_bytes[2] != other->bar_bytes[2])
    return one->bar_bytes[2] > other->bar_bytes[2] ? -1 : 1;
  return strcmp(one->address, other->address);
}

/* Largest first. */
static void find(const char *root, const char *address, struct candidates *found) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices", root);
  found->count = 0;
  DIR *directory = opendir(path);
  if (!directory)
    return;
  const struct dirent *entry;
  while (found->count < CANDIDATES_MAX && (entry = readdir(directory)) != NULL) {
    if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof found->list[0].address)
      continue;
    if (read_number(root, entry->d_name, "vendor") != IVSHMEM_VENDOR || read_number(root, entry->d_name, "device") != IVSHMEM_DEVICE)
      continue;
    if (address[0] && strcmp(address, entry->d_name) != 0)
      continue;
    struct candidate *candidate = &found->list[found->count++];
    memset(candidate, 0, sizeof *candidate);
    strcpy(candidate->address, entry->d_name);
    read_bars(root, candidate);
  }
  closedir(directory);
  qsort(found->list, found->count, sizeof found->list[0], compare_candidates);
}

/* ---- mapping ---- */

static void *map_resource(const char *root, const char *address, const char *name, uint64_t bytes) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", root, address, name);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int error = errno;
  close(fd);
  errno = error;
  return base == MAP_FAILED ? NULL : base;
}

/* Memory decoding is off until a driver, or this, turns it on. */
static void enable(const char *root, const char *address) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/enable", root, address);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (write(fd, "1", 1) != 1)
    errno = 0; /* then the mapping does not work either, and that is reported */
  close(fd);
}

/* The doorbell variant is told by its MSI-X table in BAR1. Write-combining is asked for first: where the VM has a passed-through device the
 * mapping's type counts, and plain sysfs mappings are uncached. */
static struct region_device *map_candidate(const char *root, const struct candidate *candidate) {
  struct sysfs_device *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  enable(root, candidate->address);
  const uint64_t bytes = candidate->bar_bytes[2];
  void *base = map_resource(root, candidate->address, "resource2_wc", bytes);
  const bool combining = base != NULL;
  if (!base)
    base = map_resource(root, candidate->address, "resource2", bytes);
  if (!base) {
    free(self);
    return NULL;
  }
  self->registers = map_resource(root, candidate->address, "resource0", REGISTERS_BYTES);
  self->device = (struct region_device){.impl = &impl, .base = base, .bytes = bytes};
  self->device.has_doorbell = self->registers && candidate->bar_bytes[1] != 0;
  snprintf(self->device.text, sizeof self->device.text, "%s, %llu MiB, %s, %s", candidate->address, (unsigned long long)(bytes >> 20),
           combining ? "write-combining" : "uncached", self->device.has_doorbell ? "doorbells" : "no doorbells");
  return &self->device;
}

static bool has_a_regions_size(const struct candidate *candidate) {
  return candidate->bar_bytes[2] >= TRANSOM_REGION_BYTES_MIN && candidate->bar_bytes[2] <= TRANSOM_REGION_BYTES_MAX;
}

/* NULL with the reason. */
static struct region_device *try_candidate(const char *root, const struct candidate *candidate, bool take_over,
                                           char error[REGION_ERROR_BYTES]) {
  if (!has_a_regions_size(candidate)) {
    snprintf(error, REGION_ERROR_BYTES, "%s: its shared memory has %llu bytes, a region 1 MiB to 16 GiB", candidate->address,
             (unsigned long long)candidate->bar_bytes[2]);
    return NULL;
  }
  struct region_device *device = map_candidate(root, candidate);
  if (!device) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot be mapped: %s; root? kernel lockdown? bound to vfio or uio?", candidate->address,
             strerror(errno));
    return NULL;
  }
  if (!take_over && region_device_owner(device) == REGION_FOREIGN) {
    snprintf(error, REGION_ERROR_BYTES,
             "%s holds something that is no region of ours: not touched; restart the VM, or use --take-over --device %s",
             candidate->address, candidate->address);
    device->impl->destroy(device);
    return NULL;
  }
  return device;
}

struct region_device *region_device_sysfs_open(const char *root, const char *address, bool take_over, char error[REGION_ERROR_BYTES]) {
  struct candidates found;
  find(root, address, &found);
  snprintf(error, REGION_ERROR_BYTES, "no IVSHMEM device (PCI 1af4:1110)%s%s: add one to the VM, or give --region FILE",
           address[0] ? " at " : " in this machine", address);
  for (uint32_t i = 0; i < found.count; i++) {
    struct region_device *device = try_candidate(root, &found.list[i], take_over && address[0], error);
    if (device)
      return device;
  }
  return NULL;
}
