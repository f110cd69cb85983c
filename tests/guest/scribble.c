/* A hostile guest: writes random words over the shared region, through the device's own BAR.
 *
 * usage: scribble SECONDS SEED all|frames, or scribble zero, which clears the header as an agent asks for that finds nonsense there.
 * `all`: half of the writes go to the first 512 KiB, where header, host area and descriptors lie; the rest anywhere. `frames` spares header
 * and section table, so that a viewer stays attached and every later gate is tried. Values are random, small, or near a power of two: what
 * breaks bounds checks. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"
#define HOT_BYTES (512u << 10)
#define HEADER_BYTES (64u << 10) /* header and section table: up to the host area */
#define BURST 64

static uint64_t random_state;

static uint64_t random_word(void) { /* xorshift64 */
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static bool reads_as(const char *device, const char *attribute, const char *expected) {
  char path[512], text[16] = "";
  snprintf(path, sizeof path, DEVICES "/%s/%s", device, attribute);
  FILE *file = fopen(path, "r");
  if (!file)
    return false;
  bool equal = fgets(text, sizeof text, file) && strncmp(text, expected, strlen(expected)) == 0;
  fclose(file);
  return equal;
}

/* The mapped BAR 2 of the first ivshmem device, or NULL. */
static volatile uint64_t *map_region(uint64_t *bytes) {
  DIR *directory = opendir(DEVICES);
  volatile uint64_t *region = NULL;
  for (struct dirent *entry; directory && !region && (entry = readdir(directory));) {
    if (!reads_as(entry->d_name, "vendor", "0x1af4") || !reads_as(entry->d_name, "device", "0x1110"))
      continue;
    char path[512];
    snprintf(path, sizeof path, DEVICES "/%s/resource2", entry->d_name);
    int fd = open(path, O_RDWR);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
      break;
    *bytes = (uint64_t)status.st_size;
    void *mapping = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    region = mapping == MAP_FAILED ? NULL : mapping;
    close(fd);
  }
  if (directory)
    closedir(directory);
  return region;
}

static uint64_t nasty_value(void) {
  uint64_t random = random_word();
  switch (random & 3) {
  case 0:
    return random_word();
  case 1:
    return random_word() & 0xff;
  case 2:
    return (UINT64_C(1) << (random >> 8 & 63)) - (random >> 16 & 1);
  default:
    return random_word() << 32 | (random_word() & 0xffff);
  }
}

static void scribble(volatile uint64_t *region, uint64_t first, uint64_t bytes, long seconds) {
  uint64_t written = 0;
  for (time_t end = time(NULL) + seconds; time(NULL) < end;)
    for (int i = 0; i < BURST; i++, written++) {
      uint64_t end_of_span = random_word() & 1 ? HOT_BYTES : bytes;
      region[(first + random_word() % (end_of_span - first)) / 8] = nasty_value();
    }
  printf("scribble: %llu words\n", (unsigned long long)written);
}

int main(int argc, char **argv) {
  bool clear = argc == 2 && strcmp(argv[1], "zero") == 0, spare_header = argc == 4 && strcmp(argv[3], "frames") == 0;
  long seconds = argc == 4 ? strtol(argv[1], NULL, 10) : 0;
  random_state = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
  uint64_t bytes = 0;
  volatile uint64_t *region = map_region(&bytes);
  if ((!clear && (seconds <= 0 || random_state == 0)) || bytes < HOT_BYTES) {
    fprintf(stderr, "scribble: needs seconds, a seed that is not 0, `all` or `frames`, and an ivshmem device\n");
    return 1;
  }
  for (size_t i = 0; clear && i < HEADER_BYTES / 8; i++)
    region[i] = 0;
  if (!clear)
    scribble(region, spare_header ? HEADER_BYTES : 0, bytes, seconds);
  return 0;
}
