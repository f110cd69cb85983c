#include "guest/core/tile_compare.h"

#include "common/memory_copy.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX (TRANSOM_WIDTH_MAX / TILE_EDGE)

/* Rectangles that the next row of tiles may still lengthen. At most every other column begins one. */
struct open_rects {
  uint32_t count;
  struct transom_rect rects[COLUMNS_MAX / 2 + 1];
};

bool tile_compare_init(struct tile_compare *compare, uint32_t width, uint32_t height, uint32_t pixel_bytes) {
  memset(compare, 0, sizeof *compare);
  if (width == 0 || height == 0 || width > TRANSOM_WIDTH_MAX || height > TRANSOM_HEIGHT_MAX)
    return false;
  const size_t pitch = ((size_t)width * pixel_bytes + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
  *compare = (struct tile_compare){.width = width, .height = height, .pixel_bytes = pixel_bytes, .pitch_bytes = pitch, .fresh = true};
  compare->pixels = malloc(pitch * height);
  compare->line = malloc(pitch);
  compare->dirty = calloc(1, COLUMNS_MAX);
  if (compare->pixels && compare->line && compare->dirty)
    return true;
  tile_compare_finish(compare);
  return false;
}

void tile_compare_finish(struct tile_compare *compare) {
  free(compare->pixels);
  free(compare->line);
  free(compare->dirty);
  memset(compare, 0, sizeof *compare);
}

static uint32_t column_count(const struct tile_compare *compare) { return (compare->width + TILE_EDGE - 1) / TILE_EDGE; }

/* One row of pixels: tiles that differ are marked and taken over. */
static void compare_row(struct tile_compare *compare, const uint8_t *from, uint32_t y) {
  const size_t row_bytes = (size_t)compare->width * compare->pixel_bytes, tile_bytes = (size_t)TILE_EDGE * compare->pixel_bytes;
  uint8_t *mine = compare->pixels + y * compare->pitch_bytes;
  memory_copy_load(compare->line, from, row_bytes);
  if (memcmp(compare->line, mine, row_bytes) == 0)
    return;
  for (size_t at = 0, column = 0; at < row_bytes; at += tile_bytes, column++) {
    const size_t bytes = row_bytes - at < tile_bytes ? row_bytes - at : tile_bytes;
    if (memcmp(compare->line + at, mine + at, bytes) == 0)
      continue;
    memcpy(mine + at, compare->line + at, bytes);
    compare->dirty[column] = 1;
  }
}

/* The run of marked tiles that begins at `column`, as a rectangle of this row of tiles. */
static struct transom_rect run_at(const struct tile_compare *compare, uint32_t column, uint32_t y, uint32_t rows) {
  uint32_t end = column;
  while (end < column_count(compare) && compare->dirty[end])
    end++;
  const uint32_t left = column * TILE_EDGE, right = end * TILE_EDGE < compare->width ? end * TILE_EDGE : compare->width;
  return (struct transom_rect){(uint16_t)left, (uint16_t)y, (uint16_t)(right - left), (uint16_t)rows};
}

/* A rectangle of the row above that is exactly as wide grows downwards and stays open. */
static struct transom_rect lengthen(struct open_rects *open, struct transom_rect run) {
  for (uint32_t i = 0; i < open->count; i++) {
    if (open->rects[i].x == run.x && open->rects[i].width == run.width) {
      const struct transom_rect above = open->rects[i];
      open->rects[i] = open->rects[--open->count];
      return (struct transom_rect){above.x, above.y, above.width, (uint16_t)(above.height + run.height)};
    }
  }
  return run;
}

static void close_all(struct open_rects *open, struct transom_damage *damage) {
  for (uint32_t i = 0; i < open->count; i++)
    damage_add(damage, open->rects[i]);
  open->count = 0;
}

/* Turns the marks of one row of tiles into rectangles: those that go on from the row above stay open, the others are done. */
static void collect(struct tile_compare *compare, uint32_t y, uint32_t rows, struct open_rects *open, struct transom_damage *damage) {
  struct open_rects next = {.count = 0};
  for (uint32_t column = 0; column < column_count(compare); column++) {
    if (!compare->dirty[column])
      continue;
    const struct transom_rect run = run_at(compare, column, y, rows);
    next.rects[next.count++] = lengthen(open, run);
    column += (run.width + TILE_EDGE - 1) / TILE_EDGE;
  }
  close_all(open, damage);
  *open = next;
  memset(compare->dirty, 0, COLUMNS_MAX);
}

static void take_all(struct tile_compare *compare, const uint8_t *pixels, size_t pitch_bytes) {
  for (uint32_t y = 0; y < compare->height; y++)
    memory_copy_load(compare->pixels + y * compare->pitch_bytes, pixels + y * pitch_bytes, (size_t)compare->width * compare->pixel_bytes);
}

bool tile_compare_update(struct tile_compare *compare, const uint8_t *pixels, size_t pitch_bytes, struct transom_damage *damage) {
  if (compare->fresh) {
    take_all(compare, pixels, pitch_bytes);
    compare->fresh = false;
    damage_set_full(damage);
    return true;
  }
  struct open_rects open = {.count = 0};
  for (uint32_t top = 0; top < compare->height; top += TILE_EDGE) {
    const uint32_t rows = compare->height - top < TILE_EDGE ? compare->height - top : TILE_EDGE;
    for (uint32_t y = top; y < top + rows; y++)
      compare_row(compare, pixels + y * pitch_bytes, y);
    collect(compare, top, rows, &open, damage);
  }
  close_all(&open, damage);
  return !damage_is_empty(damage);
}
