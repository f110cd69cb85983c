#include "common/test_card_strip.h"

#include <string.h>

#define MAGIC 0x7a5cu
#define EVENT_MAGIC 0x7a5eu
#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

uint32_t test_card_pixel_bytes(uint32_t format) {
  return format == TEST_CARD_RGBA16F ? 8 : format >= TEST_CARD_BGRA8 && format <= TEST_CARD_RGB10A2 ? 4 : 0;
}

uint32_t test_card_cells_per_row(uint32_t width) {
  const uint32_t fit = width / TEST_CARD_CELL;
  return fit < TEST_CARD_BITS ? fit : TEST_CARD_BITS;
}

uint32_t test_card_strip_rows(uint32_t width) {
  const uint32_t cells = test_card_cells_per_row(width);
  return (TEST_CARD_BITS + cells - 1) / cells * TEST_CARD_CELL;
}

static uint16_t strip_check(const struct test_card_strip *strip) {
  return (uint16_t)((strip->frame >> 16) + strip->frame + (strip->checksum >> 16) + strip->checksum + MAGIC);
}

/* The strip's 16-bit words in order. */
static uint16_t strip_word(const struct test_card_strip *strip, uint32_t index) {
  const uint16_t words[] = {MAGIC,
                            (uint16_t)(strip->frame >> 16),
                            (uint16_t)strip->frame,
                            (uint16_t)(strip->checksum >> 16),
                            (uint16_t)strip->checksum,
                            strip_check(strip)};
  return words[index];
}

bool test_card_bit(const struct test_card_strip *strip, uint32_t index) { return strip_word(strip, index / 16) >> (15 - index % 16) & 1; }

/* The 16-bit words of the second field. */
static uint16_t event_word(uint64_t event_ns, uint32_t index) {
  const uint16_t parts[] = {(uint16_t)(event_ns >> 48), (uint16_t)(event_ns >> 32), (uint16_t)(event_ns >> 16), (uint16_t)event_ns};
  if (index == 0)
    return EVENT_MAGIC;
  return index <= 4 ? parts[index - 1] : (uint16_t)(parts[0] + parts[1] + parts[2] + parts[3] + EVENT_MAGIC);
}

bool test_card_event_bit(uint64_t event_ns, uint32_t index) { return event_word(event_ns, index / 16) >> (15 - index % 16) & 1; }

/* Alpha is undefined on the wire: masked out of two pixels of four bytes, or one of eight. */
static uint64_t colour_mask(uint32_t format) {
  switch (format) {
  case TEST_CARD_RGB10A2:
    return UINT64_C(0x3fffffff3fffffff);
  case TEST_CARD_RGBA16F:
    return UINT64_C(0x0000ffffffffffff);
  default:
    return UINT64_C(0x00ffffff00ffffff);
  }
}

/* Four lanes, so that the multiplications overlap: a 4K picture takes about as long as reading it. */
uint64_t test_card_row_hash(const void *row, uint32_t width, uint32_t format) {
  const uint8_t *from = row;
  const uint64_t mask = colour_mask(format);
  size_t bytes = (size_t)width * test_card_pixel_bytes(format);
  uint64_t lanes[4] = {1, 2, 3, 4};
  for (; bytes >= 32; from += 32, bytes -= 32) {
    uint64_t words[4];
    memcpy(words, from, sizeof words);
    for (int i = 0; i < 4; i++)
      lanes[i] = (lanes[i] ^ (words[i] & mask)) * HASH_FACTOR;
  }
  uint64_t words[4] = {0};
  memcpy(words, from, bytes);
  uint64_t hash = 0;
  for (int i = 0; i < 4; i++) {
    lanes[i] = (lanes[i] ^ (words[i] & mask)) * HASH_FACTOR;
    hash = (hash ^ lanes[i] ^ lanes[i] >> 29) * HASH_FACTOR;
  }
  return hash ^ hash >> 32;
}

uint64_t test_card_row_weight(uint32_t y) { return 2 * (uint64_t)y + 1; }

uint32_t test_card_fold(uint64_t sum) { return (uint32_t)(sum >> 32) ^ (uint32_t)sum; }

/* Is green at least half? */
static bool is_white(const struct test_card_picture *picture, uint32_t x, uint32_t y) {
  const uint8_t *pixel = (const uint8_t *)picture->pixels + y * picture->pitch_bytes;
  pixel += (size_t)x * test_card_pixel_bytes(picture->format);
  uint16_t half;
  uint32_t packed;
  switch (picture->format) {
  case TEST_CARD_RGB10A2:
    memcpy(&packed, pixel, sizeof packed);
    return (packed >> 10 & 0x3ff) >= 512;
  case TEST_CARD_RGBA16F:
    memcpy(&half, pixel + 2, sizeof half);
    return half >= 0x3800 && half < 0x8000; /* 0.5 and above, not negative */
  default:
    return pixel[1] >= 128;
  }
}

/* Word `index` of the field whose uppermost row is `top`. */
static uint16_t read_word(const struct test_card_picture *picture, uint32_t top, uint32_t index) {
  const uint32_t cells = test_card_cells_per_row(picture->width);
  uint16_t word = 0;
  for (uint32_t bit = index * 16; bit < index * 16 + 16; bit++) {
    const uint32_t x = bit % cells * TEST_CARD_CELL, y = top + bit / cells * TEST_CARD_CELL;
    word = (uint16_t)(word << 1 | is_white(picture, x + TEST_CARD_CELL / 2, y + TEST_CARD_CELL / 2));
  }
  return word;
}

static bool may_be_card(const struct test_card_picture *picture) {
  const size_t pixel_bytes = test_card_pixel_bytes(picture->format);
  return pixel_bytes && picture->width >= TEST_CARD_EDGE_MIN && picture->height >= TEST_CARD_EDGE_MIN &&
         picture->pitch_bytes >= picture->width * pixel_bytes;
}

enum test_card_verdict test_card_read(const struct test_card_picture *picture, struct test_card_strip *strip) {
  if (!may_be_card(picture) || read_word(picture, 0, 0) != MAGIC)
    return TEST_CARD_ABSENT;
  const struct test_card_strip found = {
      .frame = (uint32_t)read_word(picture, 0, 1) << 16 | read_word(picture, 0, 2),
      .checksum = (uint32_t)read_word(picture, 0, 3) << 16 | read_word(picture, 0, 4),
  };
  if (read_word(picture, 0, 5) != strip_check(&found))
    return TEST_CARD_SPOILT;
  *strip = found;
  return TEST_CARD_INTACT;
}

enum test_card_verdict test_card_verify(const struct test_card_picture *picture, struct test_card_strip *strip) {
  const enum test_card_verdict verdict = test_card_read(picture, strip);
  if (verdict != TEST_CARD_INTACT)
    return verdict;
  uint64_t sum = 0;
  for (uint32_t y = test_card_strip_rows(picture->width); y < picture->height; y++) {
    const uint8_t *row = (const uint8_t *)picture->pixels + y * picture->pitch_bytes;
    sum += test_card_row_hash(row, picture->width, picture->format) * test_card_row_weight(y);
  }
  return test_card_fold(sum) == strip->checksum ? TEST_CARD_INTACT : TEST_CARD_TORN;
}

bool test_card_read_event(const struct test_card_picture *picture, uint64_t *event_ns) {
  if (!may_be_card(picture))
    return false;
  const uint32_t top = test_card_strip_rows(picture->width);
  uint64_t found = 0;
  for (uint32_t i = 1; i <= 4; i++)
    found = found << 16 | read_word(picture, top, i);
  if (read_word(picture, top, 0) != EVENT_MAGIC || read_word(picture, top, 5) != event_word(found, 5))
    return false;
  *event_ns = found;
  return true;
}
