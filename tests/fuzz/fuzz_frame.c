/* A consumer on a guest that lies, before and during each call: acquires, follows, copies the whole picture, asks for damage, releases. */
#include "common/memory_copy.h"
#include "fuzz/fuzz_region.h"
#include "protocol/frame_reader.h"

struct viewer {
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_frame frame;
  bool attached, acquired;
  uint64_t since;
};

static void attach(struct viewer *viewer) {
  *viewer = (struct viewer){.attached = false};
  if (!fuzz_region_attach(FUZZ_REGION_BYTES, &viewer->region) || viewer->region.head_count == 0)
    return;
  if (consumer_join(&viewer->consumer, &viewer->region, 2, 0, 2, TRANSOM_WAKE_COMPLETE, TRANSOM_FEATURES_KNOWN) != 0)
    return;
  frame_reader_init(&viewer->reader, &viewer->consumer);
  viewer->attached = true;
}

static void acquire(struct viewer *viewer, uint32_t how) {
  if (viewer->acquired)
    frame_reader_release(&viewer->reader, &viewer->frame);
  const enum transom_acquire what = how & 1 ? TRANSOM_ACQUIRE_ANNOUNCED : TRANSOM_ACQUIRE_COMPLETE;
  viewer->acquired = frame_reader_acquire(&viewer->reader, what, how & 2, how & 4 ? viewer->since : 0, &viewer->frame) == 0;
}

static void follow(struct viewer *viewer) {
  uint32_t rows = UINT32_MAX;
  frame_reader_progress(&viewer->reader, &viewer->frame, &rows);
  fuzz_require(rows <= viewer->frame.descriptor.height);
}

/* As a presenter does it: row by row into a picture of its own, with streaming loads, which only the guard page watches. */
static void copy_pixels(const struct viewer *viewer) {
  const struct transom_descriptor *frame = &viewer->frame.descriptor;
  const size_t row_bytes = (size_t)frame->width * validate_format_bytes(frame->format);
  fuzz_require(row_bytes > 0 && frame->height > 0 && row_bytes <= frame->pitch_bytes);
  fuzz_require((uint64_t)frame->pitch_bytes * frame->height <= viewer->region.queues[0].slot_bytes); /* not into the next slot either */
  uint8_t *picture = malloc(row_bytes);
  fuzz_require(picture != NULL);
  for (uint32_t row = 0; row < frame->height; row++)
    memory_copy_load(picture, (const uint8_t *)viewer->frame.pixels + (size_t)row * frame->pitch_bytes, row_bytes);
  free(picture);
}

static void ask_for_damage(struct viewer *viewer) {
  struct transom_damage damage;
  frame_reader_damage(&viewer->reader, &viewer->frame, viewer->since, &damage);
  fuzz_require(damage.count <= TRANSOM_DAMAGE_MAX);
  for (uint32_t i = 0; !damage.full && i < damage.count; i++) {
    fuzz_require((uint32_t)damage.rects[i].x + damage.rects[i].width <= viewer->frame.descriptor.width);
    fuzz_require((uint32_t)damage.rects[i].y + damage.rects[i].height <= viewer->frame.descriptor.height);
  }
  damage_area(&damage, viewer->frame.descriptor.width, viewer->frame.descriptor.height);
}

static void with_frame(struct viewer *viewer, uint32_t step) {
  if (step == 1) {
    follow(viewer);
  } else if (step == 2) {
    copy_pixels(viewer);
  } else if (step == 3) {
    ask_for_damage(viewer);
  } else if (step == 4) {
    if (frame_reader_intact(&viewer->reader, &viewer->frame))
      viewer->since = viewer->frame.sequence;
  } else {
    frame_reader_release(&viewer->reader, &viewer->frame);
    viewer->acquired = false;
  }
}

static void without_frame(struct viewer *viewer, uint32_t step) {
  if (step == 6)
    consumer_beat(&viewer->consumer);
  else if (step == 7)
    consumer_arm_frame(&viewer->consumer);
  else if (step == 8)
    consumer_disarm_frame(&viewer->consumer);
  else if (step == 9)
    frame_reader_has_newer(&viewer->reader, TRANSOM_ACQUIRE_COMPLETE, viewer->since);
  else if (step == 10)
    consumer_leave(&viewer->consumer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input script = {data, bytes};
  struct viewer viewer = {.attached = false};
  uint32_t step;
  fuzz_region_reset();
  while (fuzz_region_next(&script, &step)) {
    if (step == 0 || step == 10)
      attach(&viewer);
    else if (!viewer.attached)
      continue;
    else if (step >= 16 && step < 24)
      acquire(&viewer, step);
    else if (step >= 1 && step <= 5 && viewer.acquired)
      with_frame(&viewer, step);
    else
      without_frame(&viewer, step);
  }
  return 0;
}
