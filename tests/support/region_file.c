#include "support/region_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool region_file_create(struct region_file *file, uint64_t bytes) {
  strcpy(file->path, "/tmp/transom-region-XXXXXX");
  int fd = mkstemp(file->path);
  if (fd < 0)
    return false;
  file->bytes = bytes;
  file->base = ftruncate(fd, (off_t)bytes) ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return file->base != MAP_FAILED;
}

void region_file_remove(struct region_file *file) {
  munmap(file->base, file->bytes);
  unlink(file->path);
}

bool region_file_format(void *base, uint64_t bytes, uint64_t epoch, struct transom_region *region) {
  const struct transom_region_request request = {
      .head_count = 1,
      .frame_bytes_max = {256 * 4 * 64},
      .features_offered = TRANSOM_FEATURES_KNOWN,
      .agent_name = "test-agent 1.0",
      .guest_name = "nowhere",
  };
  struct transom_region_plan plan;
  return region_plan(bytes, &request, &plan) == 0 && region_format(base, &request, &plan, epoch, region) == 0;
}
