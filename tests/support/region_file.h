/* A region in a file, and an agent without a guest that formats it: enough for tests of the host's side. */
#ifndef TRANSOM_TESTS_SUPPORT_REGION_FILE_H
#define TRANSOM_TESTS_SUPPORT_REGION_FILE_H

#include "protocol/region_format.h"

#include <stdbool.h>

struct region_file {
  char path[64];
  void *base;
  uint64_t bytes;
};

bool region_file_create(struct region_file *file, uint64_t bytes); /* all zero */
void region_file_remove(struct region_file *file);

/* Formats one head of 256 x 64 BGRA pictures with everything on offer. */
bool region_file_format(void *base, uint64_t bytes, uint64_t epoch, struct transom_region *region);

#endif
