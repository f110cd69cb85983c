#include "guest/core/test_card.h"

#include "common/test_card_strip.h"
#include "guest/core/test_card_text.h"
#include "protocol/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHADES 256u      /* the stripes' period in pixels */
#define SHIFT_A_FRAME 5u /* odd, so that 256 frames pass before a row looks the same again */
#define TEXT_SCALE 2u    /* pixels a dot */
#define TEXT_ROWS (TEST_CARD_GLYPH_HEIGHT * TEXT_SCALE)
#define CURSOR_EDGE 24u
#define SECOND_NS UINT64_C(1000000000)

_Static_assert((int)TEST_CARD_BGRA8 == (int)TRANSOM_FORMAT_BGRA8 && (int)TEST_CARD_RGBA8 == (int)TRANSOM_FORMAT_RGBA8 &&
                   (int)TEST_CARD_RGB10A2 == (int)TRANSOM_FORMAT_RGB10A2 && (int)TEST_CARD_RGBA16F == (int)TRANSOM_FORMAT_RGBA16F,
               "the strip's formats are the wire's");

struct test_card {
  struct screen_capture capture;
  struct test_card_options options;
  uint32_t pixel_bytes, frame;
  size_t pitch_bytes;
  uint8_t *pixels;
  uint8_t *stripes;            /* one row and SHADES pixels more: each row of the picture is a piece of it */
  uint64_t shade_hash[SHADES]; /* of a row that begins at each shade: the checksum costs nothing */
  uint64_t *row_hash;          /* of each row as it is now */
  uint64_t sum;                /* of the weighted row hashes */
  uint32_t wipe;               /* next row of stripes to move */
  uint64_t due_ns;             /* of the next frame; 0 = at once */
  uint64_t event_ns;           /* when there was what the next frame reacts to; 0 = nothing */
  uint32_t cursor_pixels[CURSOR_EDGE * CURSOR_EDGE];
};

/* ---- colours ---- */

/* 0..255 to a half float in 0..1; exact enough for a picture, and never rounded up to the next power of two. */
static uint16_t half_of(uint32_t value) {
  if (value == 0)
    return 0;
  const uint32_t top = 31u - (uint32_t)__builtin_clz(value * 257);
  const uint32_t mantissa = ((value * 257) << (16 - top) >> 6) & 0x3ff;
  return (uint16_t)(((top + 15 - 16) << 10) | mantissa);
}

static void put_pixel(void *to, uint32_t format, uint32_t red, uint32_t green, uint32_t blue) {
  const uint32_t bgra = 0xff000000u | red << 16 | green << 8 | blue, rgba = 0xff000000u | blue << 16 | green << 8 | red;
  const uint32_t deep = 0xc0000000u | (blue * 1023 / 255) << 20 | (green * 1023 / 255) << 10 | red * 1023 / 255;
  const uint16_t halves[4] = {half_of(red), half_of(green), half_of(blue), 0x3c00};
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
    memcpy(to, &bgra, sizeof bgra);
    break;
  case TRANSOM_FORMAT_RGBA8:
    memcpy(to, &rgba, sizeof rgba);
    break;
  case TRANSOM_FORMAT_RGB10A2:
    memcpy(to, &deep, sizeof deep);
    break;
  default:
    memcpy(to, halves, sizeof halves);
  }
}

static void put_grey(struct test_card *card, uint32_t x, uint32_t y, bool white) {
  const uint32_t level = white ? 255 : 0;
  put_pixel(card->pixels + y * card->pitch_bytes + (size_t)x * card->pixel_bytes, card->options.format, level, level, level);
}

/* ---- strip and text ---- */

static uint32_t strip_rows(const struct test_card *card) { return test_card_strip_rows(card->options.width); }
/* A card that reacts says below the strip to what. */
static uint32_t text_top(const struct test_card *card) { return strip_rows(card) * (card->options.reacts ? 2 : 1); }
static uint32_t head_rows(const struct test_card *card) { return text_top(card) + TEXT_ROWS; }

/* One row of pixels of a field of cells; `y` counts within the field. */
static void draw_cells(struct test_card *card, uint32_t top, uint32_t y, const bool bits[TEST_CARD_BITS]) {
  const uint32_t cells = test_card_cells_per_row(card->options.width);
  for (uint32_t x = 0; x < card->options.width; x++) {
    const uint32_t column = x / TEST_CARD_CELL, bit = y / TEST_CARD_CELL * cells + column;
    put_grey(card, x, top + y, column < cells && bit < TEST_CARD_BITS && bits[bit]);
  }
}

static void draw_strip(struct test_card *card) {
  const struct test_card_strip strip = {.frame = card->frame, .checksum = test_card_fold(card->sum)};
  bool bits[TEST_CARD_BITS];
  for (uint32_t i = 0; i < TEST_CARD_BITS; i++)
    bits[i] = test_card_bit(&strip, i);
  for (uint32_t y = 0; y < strip_rows(card); y++)
    draw_cells(card, 0, y, bits);
}

static void set_row_hash(struct test_card *card, uint32_t y, uint64_t hash) {
  card->sum += (hash - card->row_hash[y]) * test_card_row_weight(y);
  card->row_hash[y] = hash;
}

static void hash_row(struct test_card *card, uint32_t y) {
  set_row_hash(card, y, test_card_row_hash(card->pixels + y * card->pitch_bytes, card->options.width, card->options.format));
}

static void draw_event(struct test_card *card) {
  bool bits[TEST_CARD_BITS];
  for (uint32_t i = 0; i < TEST_CARD_BITS; i++)
    bits[i] = test_card_event_bit(card->event_ns, i);
  for (uint32_t y = 0; y < strip_rows(card); y++) {
    draw_cells(card, strip_rows(card), y, bits);
    hash_row(card, strip_rows(card) + y);
  }
}

static void draw_text(struct test_card *card) {
  char text[80], which[24] = "";
  if (card->options.screen)
    snprintf(which, sizeof which, "SCREEN %u ", card->options.screen);
  snprintf(text, sizeof text, "%s%ux%u %u%% FRAME %u", which, card->options.width, card->options.height, card->options.damage_percent,
           card->frame);
  const uint32_t length = (uint32_t)strlen(text), top = text_top(card);
  for (uint32_t y = 0; y < TEXT_ROWS; y++) {
    for (uint32_t x = 0; x < card->options.width; x++) {
      const uint32_t dot = x / TEXT_SCALE, letter = dot / TEST_CARD_GLYPH_WIDTH;
      put_grey(card, x, top + y, letter < length && test_card_glyph_pixel(text[letter], dot % TEST_CARD_GLYPH_WIDTH, y / TEXT_SCALE));
    }
    hash_row(card, top + y);
  }
}

/* ---- stripes ---- */

static void draw_row(struct test_card *card, uint32_t y) {
  const uint32_t shade = (card->frame * SHIFT_A_FRAME + y) % SHADES;
  memcpy(card->pixels + y * card->pitch_bytes, card->stripes + (size_t)shade * card->pixel_bytes,
         (size_t)card->options.width * card->pixel_bytes);
  set_row_hash(card, y, card->shade_hash[shade]);
}

static void prepare_stripes(struct test_card *card) {
  const struct test_card_options *options = &card->options;
  for (uint32_t x = 0; x < options->width + SHADES; x++) {
    const uint32_t shade = x % SHADES, wave = shade < 128 ? shade * 2 : 511 - shade * 2;
    put_pixel(card->stripes + (size_t)x * card->pixel_bytes, options->format, shade, wave, 255 - shade);
  }
  for (uint32_t shade = 0; shade < SHADES; shade++)
    card->shade_hash[shade] = test_card_row_hash(card->stripes + (size_t)shade * card->pixel_bytes, options->width, options->format);
}

static void add_rows(const struct test_card *card, struct transom_damage *damage, uint32_t top, uint32_t rows) {
  damage_add(damage, (struct transom_rect){0, (uint16_t)top, (uint16_t)card->options.width, (uint16_t)rows});
}

/* Moves the next band of the wipe; it begins again at the top when it reaches the bottom. */
static void draw_wipe(struct test_card *card, struct transom_damage *damage) {
  const uint32_t top = head_rows(card), height = card->options.height, room = height - top;
  uint32_t rows = (uint32_t)((uint64_t)room * card->options.damage_percent / 100);
  while (rows > 0) {
    const uint32_t part = rows < height - card->wipe ? rows : height - card->wipe;
    for (uint32_t y = card->wipe; y < card->wipe + part; y++)
      draw_row(card, y);
    add_rows(card, damage, card->wipe, part);
    rows -= part;
    card->wipe = card->wipe + part < height ? card->wipe + part : top;
  }
}

static void draw_first(struct test_card *card, struct transom_damage *damage) {
  for (uint32_t y = head_rows(card); y < card->options.height; y++)
    draw_row(card, y);
  damage_set_full(damage);
}

static void draw_frame(struct test_card *card, struct transom_damage *damage) {
  card->frame++;
  if (card->frame == 1 || card->options.damage_percent == 100)
    draw_first(card, damage);
  else
    draw_wipe(card, damage);
  if (card->options.reacts)
    draw_event(card);
  draw_text(card);
  draw_strip(card); /* last: it holds the checksum of the rest */
  add_rows(card, damage, 0, head_rows(card));
}

/* ---- the source ---- */

static bool is_still(const struct test_card *card) {
  if (card->options.reacts)
    return card->frame > 0 && card->event_ns == 0;
  return card->options.still_after && card->frame >= card->options.still_after;
}

/* The next due time lies on the grid of the rate; whoever comes later than one period starts a new grid. */
static void schedule(struct test_card *card, uint64_t now_ns) {
  const uint64_t period_ns = card->capture.period_ns;
  card->due_ns = card->due_ns && now_ns < card->due_ns + period_ns ? card->due_ns + period_ns : now_ns + period_ns;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct test_card *card = (struct test_card *)capture;
  if (is_still(card) || (!card->options.reacts && card->options.rate && now_ns < card->due_ns))
    return -EAGAIN;
  schedule(card, now_ns);
  *frame = (struct screen_frame){
      .mode = {card->options.width, card->options.height, card->options.format, 0},
      .pixels = card->pixels,
      .pitch_bytes = card->pitch_bytes,
      .acquired_ns = now_ns,
      .damage_known = true,
  };
  draw_frame(card, &frame->damage);
  card->event_ns = 0;
  return 0;
}

static void release(struct screen_capture *capture) { (void)capture; }

static uint64_t next_ns(struct screen_capture *capture, uint64_t now_ns) {
  const struct test_card *card = (const struct test_card *)capture;
  if (is_still(card))
    return now_ns + SECOND_NS;
  return card->options.rate && !card->options.reacts ? card->due_ns : now_ns;
}

/* A square path is motion enough, and needs no sine. One shape: a white arrow's triangle with a black edge. */
static bool cursor(struct screen_capture *capture, struct screen_cursor *cursor) {
  struct test_card *card = (struct test_card *)capture;
  if (!card->options.cursor)
    return false;
  const uint32_t side = (card->options.width < card->options.height ? card->options.width : card->options.height) / 2;
  const uint32_t step = card->frame * 4 % (4 * side), along = step % side, leg = step / side;
  const uint32_t x = leg == 0 ? along : leg == 1 ? side : leg == 2 ? side - along : 0;
  const uint32_t y = leg == 1 ? along : leg == 2 ? side : leg == 3 ? side - along : 0;
  *cursor = (struct screen_cursor){
      .x = (int32_t)(card->options.width / 4 + x),
      .y = (int32_t)(card->options.height / 4 + y),
      .visible = true,
      .shape_serial = 1,
      .shape = {.type = TRANSOM_CURSOR_COLOUR,
                .width = CURSOR_EDGE,
                .height = CURSOR_EDGE,
                .pitch_bytes = CURSOR_EDGE * 4,
                .data_bytes = sizeof card->cursor_pixels},
      .pixels = (const uint8_t *)card->cursor_pixels,
  };
  return true;
}

static void draw_cursor(uint32_t pixels[CURSOR_EDGE * CURSOR_EDGE]) {
  for (uint32_t y = 0; y < CURSOR_EDGE; y++) {
    for (uint32_t x = 0; x <= y && x + y < CURSOR_EDGE + 8; x++)
      pixels[y * CURSOR_EDGE + x] = x == 0 || x == y || x + y == CURSOR_EDGE + 7 ? 0xff000000u : 0xffffffffu;
  }
}

static void destroy(struct screen_capture *capture) {
  struct test_card *card = (struct test_card *)capture;
  free(card->pixels);
  free(card->stripes);
  free(card->row_hash);
  free(card);
}

static const struct screen_capture_impl impl = {
    .name = "test-card",
    .acquire = acquire,
    .release = release,
    .cursor = cursor,
    .next_ns = next_ns,
    .destroy = destroy,
};

void test_card_react(struct screen_capture *capture, uint64_t event_ns) {
  struct test_card *card = (struct test_card *)capture;
  if (card->event_ns == 0)
    card->event_ns = event_ns;
}

static bool is_possible(const struct test_card_options *options) {
  return options->width >= TEST_CARD_EDGE_MIN && options->width <= TRANSOM_WIDTH_MAX && options->height >= TEST_CARD_EDGE_MIN &&
         options->height <= TRANSOM_HEIGHT_MAX && validate_format_bytes(options->format) && options->damage_percent <= 100;
}

struct screen_capture *test_card_create(const struct test_card_options *options) {
  struct test_card *card = is_possible(options) ? calloc(1, sizeof *card) : NULL;
  if (!card)
    return NULL;
  card->capture.impl = &impl;
  card->capture.period_ns = SECOND_NS / (options->rate ? options->rate : 1000);
  card->options = *options;
  card->pixel_bytes = validate_format_bytes(options->format);
  card->pitch_bytes = (size_t)options->width * card->pixel_bytes;
  card->pixels = calloc(options->height, card->pitch_bytes);
  card->stripes = calloc(options->width + SHADES, card->pixel_bytes);
  card->row_hash = calloc(options->height, sizeof *card->row_hash);
  if (!card->pixels || !card->stripes || !card->row_hash) {
    destroy(&card->capture);
    return NULL;
  }
  card->wipe = head_rows(card);
  prepare_stripes(card);
  draw_cursor(card->cursor_pixels);
  return &card->capture;
}
