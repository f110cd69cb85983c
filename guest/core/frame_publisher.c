#include "guest/core/frame_publisher.h"

#include "common/memory_copy.h"
#include "protocol/validate.h"

/* A picture on its way into a slot. */
struct copy_job {
  const struct screen_frame *frame;
  uint8_t *slot;
  uint32_t slot_pitch, pixel_bytes;
  struct transom_damage copy; /* what the slot lacks */
};

void frame_publisher_init(struct frame_publisher *publisher, struct transom_region *region, struct doorbell *doorbell,
                          uint64_t (*now_ns)(void), uint32_t head) {
  frame_writer_init(&publisher->writer, region, &doorbell->consumers, head);
  publisher->doorbell = doorbell;
  publisher->now_ns = now_ns;
  publisher->head = head;
}

uint32_t frame_publisher_pitch(const struct screen_mode *mode) {
  const uint32_t row_bytes = mode->width * validate_format_bytes(mode->format);
  return (row_bytes + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
}

/* The part of `rect` in rows [top, end). Returns the bytes copied. */
static uint64_t copy_part(const struct copy_job *job, struct transom_rect rect, uint32_t top, uint32_t end) {
  const uint32_t first = rect.y > top ? rect.y : top;
  const uint32_t last = (uint32_t)rect.y + rect.height < end ? (uint32_t)rect.y + rect.height : end;
  if (first >= last)
    return 0;
  const size_t left = (size_t)rect.x * job->pixel_bytes, row_bytes = (size_t)rect.width * job->pixel_bytes;
  memory_copy_rows_stream(job->slot + (size_t)first * job->slot_pitch + left, job->slot_pitch,
                          job->frame->pixels + (size_t)first * job->frame->pitch_bytes + left, job->frame->pitch_bytes, row_bytes,
                          last - first);
  return (uint64_t)row_bytes * (last - first);
}

static uint64_t copy_band(const struct copy_job *job, uint32_t top, uint32_t end) {
  if (job->copy.full) {
    const struct transom_rect all = {0, 0, (uint16_t)job->frame->mode.width, (uint16_t)job->frame->mode.height};
    return copy_part(job, all, top, end);
  }
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < job->copy.count; i++)
    bytes += copy_part(job, job->copy.rects[i], top, end);
  return bytes;
}

/* Bands without damage are valid as they are: rows-valid moves past them with the next band that had some. The last band's rows are said by
 * complete(). */
static void copy_bands(struct frame_publisher *publisher, const struct copy_job *job) {
  const uint32_t height = job->frame->mode.height;
  for (uint32_t top = 0; top < height; top += FRAME_BAND_ROWS) {
    const uint32_t end = height - top < FRAME_BAND_ROWS ? height : top + FRAME_BAND_ROWS;
    const uint64_t bytes = copy_band(job, top, end);
    publisher->copied_bytes += bytes;
    if (bytes == 0 || end == height)
      continue;
    frame_writer_rows(&publisher->writer, end);
    doorbell_signal(publisher->doorbell, TRANSOM_WAKE_BAND, publisher->head);
  }
}

int frame_publisher_publish(struct frame_publisher *publisher, const struct screen_frame *frame) {
  const uint64_t started_ns = publisher->now_ns();
  const struct transom_frame_info info = {
      .format = frame->mode.format,
      .flags = frame->mode.flags,
      .width = frame->mode.width,
      .height = frame->mode.height,
      .pitch_bytes = frame_publisher_pitch(&frame->mode),
      .band_rows = FRAME_BAND_ROWS,
      .acquired_ns = frame->acquired_ns,
      .copy_started_ns = started_ns,
      .damage = frame->damage,
  };
  struct copy_job job = {.frame = frame, .slot_pitch = info.pitch_bytes, .pixel_bytes = validate_format_bytes(info.format)};
  volatile uint8_t *slot;
  const int error = frame_writer_begin(&publisher->writer, &info, started_ns, &slot, &job.copy);
  if (error)
    return error;
  job.slot = (uint8_t *)(uintptr_t)slot; /* pixels are ours until complete: plain and streaming stores, ordered by the writer's fences */
  doorbell_signal(publisher->doorbell, TRANSOM_WAKE_ANNOUNCED, publisher->head);
  copy_bands(publisher, &job);
  const uint64_t copied_ns = publisher->now_ns();
  frame_writer_complete(&publisher->writer, copied_ns, publisher->now_ns());
  doorbell_signal(publisher->doorbell, TRANSOM_WAKE_COMPLETE, publisher->head);
  publisher->published++;
  return 0;
}
