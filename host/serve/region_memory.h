/* The region itself: a memfd of fixed size that no peer can shrink under another. */
#ifndef TRANSOM_HOST_SERVE_REGION_MEMORY_H
#define TRANSOM_HOST_SERVE_REGION_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct region_memory {
  int fd; /* sealed against resizing and further seals */
  uint64_t bytes;
  void *base; /* mapped read-write: for the lines of the dead */
  bool huge_pages;
};

/* A new one, on huge pages where the system has enough of them free this moment. 0 or -errno. */
int region_memory_create(struct region_memory *memory, uint64_t bytes);

/* One that an earlier server made; `fd` becomes its. -EINVAL: not one of ours (size, seals). */
int region_memory_adopt(struct region_memory *memory, int fd);
void region_memory_close(struct region_memory *memory);

/* Clears what peer `id` left in the host area, if that memory is laid out as ours: a region of another program is left alone. */
void region_memory_clear_consumer(struct region_memory *memory, uint32_t id);

/* A header that is nobody's of ours is blanked, so that the next guest's agent finds memory that it may format: an agent touches nothing
 * that could be another program's. Only when no guest is connected. */
void region_memory_clear_foreign(struct region_memory *memory);

#endif
