/* The processor copies from memory, by streaming stores. Data plane; one thread. */
#ifndef TRANSOM_GUEST_CORE_FRAME_COPIER_CPU_H
#define TRANSOM_GUEST_CORE_FRAME_COPIER_CPU_H

#include "guest/core/frame_copier.h"

struct frame_copier_cpu {
  struct frame_copier copier;
  const uint8_t *pixels; /* set before each start() */
  size_t pitch_bytes;
  const struct frame_copy *copy;
};

void frame_copier_cpu_init(struct frame_copier_cpu *copier);

#endif
