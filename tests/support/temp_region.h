/* A region for tests: a memfd or a temporary file, mapped between two inaccessible pages, so that any step outside the mapping faults,
 * streaming instructions included (which address sanitizer does not see). */
#ifndef TRANSOM_TESTS_SUPPORT_TEMP_REGION_H
#define TRANSOM_TESTS_SUPPORT_TEMP_REGION_H

#include <stdint.h>

struct temp_region {
  int fd;
  uint8_t *base;
  uint64_t bytes;
  char path[64]; /* of the file; "" for a memfd */
};

/* `bytes` is a multiple of the page size: the guard page begins right behind the last byte. 0 or -errno. */
int temp_region_init(struct temp_region *region, uint64_t bytes);      /* a memfd, shared with children by fork() or by descriptor */
int temp_region_init_file(struct temp_region *region, uint64_t bytes); /* a file below $TMPDIR, for programs that take --region FILE */
void temp_region_finish(struct temp_region *region);                   /* unmaps, closes, removes the file */

#endif
