#include "guest/core/frame_copier_cpu.h"

static int start(struct frame_copier *copier, const struct frame_copy *copy) {
  ((struct frame_copier_cpu *)copier)->copy = copy;
  return 0;
}

static int wait(struct frame_copier *copier, uint32_t *rows) {
  struct frame_copier_cpu *self = (struct frame_copier_cpu *)copier;
  const struct frame_copy *copy = self->copy;
  const uint32_t height = copy->mode.height;
  uint64_t bytes = 0;
  for (uint32_t top = *rows; top < height && bytes == 0; top = *rows) {
    struct transom_rect parts[TRANSOM_DAMAGE_MAX];
    const uint32_t end = height - top < copy->band_rows ? height : top + copy->band_rows;
    bytes = frame_copy_stream(copy, parts, frame_copy_parts(copy, top, end, parts), self->pixels, self->pitch_bytes);
    *rows = end;
  }
  copier->copied_bytes += bytes;
  return 0;
}

static const struct frame_copier_impl impl = {.name = "cpu", .start = start, .wait = wait};

void frame_copier_cpu_init(struct frame_copier_cpu *copier) { *copier = (struct frame_copier_cpu){.copier = {.impl = &impl}}; }
