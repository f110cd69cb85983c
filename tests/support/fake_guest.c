#include "support/fake_guest.h"

#include <errno.h>

static uint32_t pitch_of(uint32_t width) { return (width * 4 + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN; }

int fake_guest_init(struct fake_guest *guest, volatile void *base, uint64_t bytes, const struct fake_guest_options *options) {
  if (options->width > FAKE_GUEST_WIDTH_MAX)
    return -EINVAL;
  const struct transom_region_request request = {
      .head_count = 1,
      .slot_count = options->slot_count,
      .frame_bytes_max = {(uint64_t)pitch_of(options->width) * options->height},
      .features_offered = TRANSOM_FEATURES_KNOWN,
      .agent_name = "fake-guest",
      .guest_name = "test",
  };
  struct transom_region_plan plan;
  int result = region_plan(bytes, &request, &plan);
  if (result == 0)
    result = region_format(base, &request, &plan, options->epoch, &guest->region);
  if (result != 0)
    return result;
  guest->options = *options;
  guest->now_ns = 0;
  guest->number = FAKE_PICTURE_FIRST;
  consumers_init(&guest->consumers, &guest->region);
  frame_writer_init(&guest->writer, &guest->region, &guest->consumers, 0);
  return 0;
}

void fake_guest_signal(struct fake_guest *guest, uint32_t wake) {
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  const uint32_t count = consumers_signal(&guest->consumers, wake, 0, bells);
  for (uint32_t i = 0; guest->options.ring && i < count; i++)
    guest->options.ring(&bells[i], guest->options.owner);
}

static bool row_is_wanted(const struct transom_damage *copy, uint32_t row) {
  for (uint32_t i = 0; i < copy->count; i++)
    if (row - copy->rects[i].y < copy->rects[i].height)
      return true;
  return copy->full;
}

/* Fake damage always spans whole rows, and merging keeps that. */
static void paint_rows(struct fake_guest *guest, volatile uint8_t *pixels, const struct transom_damage *copy, uint32_t first,
                       uint32_t end) {
  const uint32_t width = guest->options.width, pitch = pitch_of(width);
  for (uint32_t row = first; row < end; row++) {
    if (!row_is_wanted(copy, row))
      continue;
    fake_picture_row(guest->row, width / 2, guest->number, row, guest->options.height);
    guest->options.store((void *)(pixels + (size_t)row * pitch), guest->row, (size_t)width * 4);
  }
}

static bool goes_on(struct fake_guest *guest) { return !guest->options.go_on || guest->options.go_on(guest->options.owner); }

static void describe(struct fake_guest *guest, struct transom_frame_info *info) {
  *info = (struct transom_frame_info){
      .format = TRANSOM_FORMAT_BGRA8,
      .width = guest->options.width,
      .height = guest->options.height,
      .pitch_bytes = pitch_of(guest->options.width),
      .band_rows = guest->options.band_rows,
      .acquired_ns = guest->now_ns,
      .copy_started_ns = guest->now_ns,
  };
  fake_picture_damage(&info->damage, guest->number, guest->options.width, guest->options.height);
}

int fake_guest_publish(struct fake_guest *guest) {
  const struct fake_guest_options *options = &guest->options;
  guest->number++;
  guest->now_ns += options->step_ns;
  struct transom_frame_info info;
  describe(guest, &info);
  volatile uint8_t *pixels = NULL;
  struct transom_damage copy;
  const int result = frame_writer_begin(&guest->writer, &info, guest->now_ns, &pixels, &copy);
  if (result != 0)
    return result;
  fake_guest_signal(guest, TRANSOM_WAKE_ANNOUNCED);
  const uint32_t step = options->band_rows ? options->band_rows : options->height;
  for (uint32_t row = 0, end; row < options->height; row = end) {
    end = row + step < options->height ? row + step : options->height;
    paint_rows(guest, pixels, &copy, row, end);
    if (!goes_on(guest))
      return -EINTR;
    if (options->abandon_every && guest->number % options->abandon_every == 0) {
      frame_writer_abandon(&guest->writer);
      return -ECANCELED;
    }
    frame_writer_rows(&guest->writer, end);
    fake_guest_signal(guest, TRANSOM_WAKE_BAND);
  }
  frame_writer_complete(&guest->writer, guest->now_ns, guest->now_ns);
  fake_guest_signal(guest, TRANSOM_WAKE_COMPLETE);
  return 0;
}
