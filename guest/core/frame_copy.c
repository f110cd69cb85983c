#include "guest/core/frame_copier.h"

#include "common/memory_copy.h"
#include "guest/core/scrgb_convert.h"
#include "protocol/validate.h"

#define CONVERT_PIXELS 512u /* at a time, on the stack */

enum transom_format frame_copy_source_format(const struct frame_copy *copy) {
  return copy->convert ? TRANSOM_FORMAT_RGBA16F : copy->mode.format;
}

uint32_t frame_copy_source_pitch(const struct frame_copy *copy) {
  const uint32_t row_bytes = copy->mode.width * validate_format_bytes(frame_copy_source_format(copy));
  return (row_bytes + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
}

struct transom_rect frame_copy_part(struct transom_rect rect, uint32_t top, uint32_t end) {
  const uint32_t first = rect.y > top ? rect.y : top;
  const uint32_t last = (uint32_t)rect.y + rect.height < end ? (uint32_t)rect.y + rect.height : end;
  if (first >= last)
    return (struct transom_rect){rect.x, (uint16_t)top, rect.width, 0};
  return (struct transom_rect){rect.x, (uint16_t)first, rect.width, (uint16_t)(last - first)};
}

uint32_t frame_copy_parts(const struct frame_copy *copy, uint32_t top, uint32_t end, struct transom_rect parts[TRANSOM_DAMAGE_MAX]) {
  if (copy->what.full) {
    parts[0] = (struct transom_rect){0, (uint16_t)top, (uint16_t)copy->mode.width, (uint16_t)(end - top)};
    return 1;
  }
  uint32_t count = 0;
  for (uint32_t i = 0; i < copy->what.count; i++) {
    const struct transom_rect part = frame_copy_part(copy->what.rects[i], top, end);
    if (part.height > 0)
      parts[count++] = part;
  }
  return count;
}

static void convert_row(const struct frame_copy *copy, uint8_t *to, const uint8_t *from, size_t width) {
  const size_t to_bytes = validate_format_bytes(copy->mode.format), from_bytes = validate_format_bytes(frame_copy_source_format(copy));
  for (size_t x = 0; x < width; x += CONVERT_PIXELS) {
    uint32_t line[CONVERT_PIXELS];
    const size_t count = width - x < CONVERT_PIXELS ? width - x : CONVERT_PIXELS;
    scrgb_convert_row(copy->convert, line, from + x * from_bytes, count);
    memory_copy_stream(to + x * to_bytes, line, count * to_bytes);
  }
}

static void convert_part(const struct frame_copy *copy, struct transom_rect part, const uint8_t *pixels, size_t pitch_bytes) {
  const size_t to_left = part.x * validate_format_bytes(copy->mode.format);
  const size_t from_left = part.x * validate_format_bytes(frame_copy_source_format(copy));
  for (size_t y = part.y; y < (size_t)part.y + part.height; y++)
    convert_row(copy, copy->slot + y * copy->pitch_bytes + to_left, pixels + y * pitch_bytes + from_left, part.width);
}

uint64_t frame_copy_stream(const struct frame_copy *copy, const struct transom_rect *parts, uint32_t count, const uint8_t *pixels,
                           size_t pitch_bytes) {
  const size_t pixel_bytes = validate_format_bytes(copy->mode.format);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    const size_t left = parts[i].x * pixel_bytes, row_bytes = parts[i].width * pixel_bytes;
    bytes += (uint64_t)row_bytes * parts[i].height;
    if (copy->convert) {
      convert_part(copy, parts[i], pixels, pitch_bytes);
      continue;
    }
    memory_copy_rows_stream(copy->slot + (size_t)parts[i].y * copy->pitch_bytes + left, copy->pitch_bytes,
                            pixels + parts[i].y * pitch_bytes + left, pitch_bytes, row_bytes, parts[i].height);
  }
  return bytes;
}
