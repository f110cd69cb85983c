#include "guest/core/frame_publisher.h"

#include "protocol/validate.h"

void frame_publisher_init(struct frame_publisher *publisher, struct transom_region *region, struct doorbell *doorbell,
                          uint64_t (*now_ns)(void), uint32_t head) {
  frame_copier_cpu_init(&publisher->cpu);
  frame_writer_init(&publisher->writer, region, &doorbell->consumers, head);
  publisher->doorbell = doorbell;
  publisher->now_ns = now_ns;
  publisher->head = head;
}

uint32_t frame_publisher_pitch(const struct screen_mode *mode) {
  const uint32_t row_bytes = mode->width * validate_format_bytes(mode->format);
  return (row_bytes + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
}

static uint32_t band_rows(const struct frame_copier *copier, uint32_t height) {
  const uint32_t rows = copier->bands_max ? (height + copier->bands_max - 1) / copier->bands_max : 0;
  const uint32_t wanted = rows > FRAME_BAND_ROWS ? rows : FRAME_BAND_ROWS;
  return wanted < height ? wanted : height;
}

/* Rows that lack nothing are valid as they are: rows-valid moves past them with the next that were copied. The last rows are said by
 * complete(). */
static int copy_bands(struct frame_publisher *publisher, struct frame_copier *copier, const struct frame_copy *copy) {
  uint32_t rows = 0;
  int error = copier->impl->start(copier, copy);
  while (!error && rows < copy->mode.height) {
    error = copier->impl->wait(copier, &rows);
    if (error || rows == copy->mode.height)
      break;
    frame_writer_rows(&publisher->writer, rows);
    doorbell_signal(publisher->doorbell, TRANSOM_WAKE_BAND, publisher->head);
  }
  return error;
}

static struct frame_copier *copier_of(struct frame_publisher *publisher, const struct screen_frame *frame) {
  publisher->cpu.pixels = frame->pixels;
  publisher->cpu.pitch_bytes = frame->pitch_bytes;
  return frame->copier ? frame->copier : &publisher->cpu.copier;
}

static int finish(struct frame_publisher *publisher, int error) {
  if (error) {
    frame_writer_abandon(&publisher->writer);
    return error;
  }
  const uint64_t copied_ns = publisher->now_ns();
  frame_writer_complete(&publisher->writer, copied_ns, publisher->now_ns());
  doorbell_signal(publisher->doorbell, TRANSOM_WAKE_COMPLETE, publisher->head);
  publisher->published++;
  return 0;
}

int frame_publisher_publish(struct frame_publisher *publisher, const struct screen_frame *frame) {
  struct frame_copier *copier = copier_of(publisher, frame);
  const uint64_t started_ns = publisher->now_ns();
  const struct transom_frame_info info = {
      .format = frame->mode.format,
      .flags = frame->mode.flags,
      .width = frame->mode.width,
      .height = frame->mode.height,
      .pitch_bytes = frame_publisher_pitch(&frame->mode),
      .band_rows = band_rows(copier, frame->mode.height),
      .rotation = frame->rotation,
      .acquired_ns = frame->acquired_ns,
      .copy_started_ns = started_ns,
      .damage = frame->damage,
  };
  struct frame_copy copy = {.mode = frame->mode, .pitch_bytes = info.pitch_bytes, .band_rows = info.band_rows, .convert = frame->convert};
  volatile uint8_t *slot;
  const int error = frame_writer_begin(&publisher->writer, &info, started_ns, &slot, &copy.what);
  if (error)
    return error;
  copy.slot = (uint8_t *)(uintptr_t)slot; /* pixels are ours until complete: plain and streaming stores, ordered by the writer's fences */
  copy.slot_offset = (uint64_t)(slot - publisher->writer.region->base);
  doorbell_signal(publisher->doorbell, TRANSOM_WAKE_ANNOUNCED, publisher->head);
  const uint64_t before = copier->copied_bytes;
  const int copied = copy_bands(publisher, copier, &copy);
  publisher->copied_bytes += copier->copied_bytes - before;
  return finish(publisher, copied);
}
