#include "support/fake_picture.h"

#include "support/test_random.h"

static uint32_t band_of(uint32_t row, uint32_t height) { return (uint32_t)((uint64_t)row * FAKE_PICTURE_BANDS / height); }

static uint64_t version_of(uint64_t number, uint32_t row, uint32_t height) {
  return row == 0 ? number : number - (number - band_of(row, height)) % FAKE_PICTURE_BANDS;
}

static uint64_t word_of(uint64_t version, uint32_t row, size_t word) { return test_random_mix(version << 32 ^ (uint64_t)row << 16 ^ word); }

void fake_picture_row(uint64_t *row, size_t words, uint64_t number, uint32_t index, uint32_t height) {
  const uint64_t version = version_of(number, index, height);
  for (size_t i = 0; i < words; i++)
    row[i] = word_of(version, index, i);
  if (index == 0)
    row[0] = number;
}

void fake_picture_damage(struct transom_damage *damage, uint64_t number, uint32_t width, uint32_t height) {
  const uint32_t band = (uint32_t)(number % FAKE_PICTURE_BANDS);
  uint32_t first = 0;
  while (band_of(first, height) < band)
    first++;
  uint32_t end = first;
  while (end < height && band_of(end, height) == band)
    end++;
  damage_clear(damage);
  damage_add(damage, (struct transom_rect){0, 0, (uint16_t)width, 1});
  damage_add(damage, (struct transom_rect){0, (uint16_t)first, (uint16_t)width, (uint16_t)(end - first)});
}

bool fake_picture_check(const uint8_t *pixels, size_t pitch_bytes, uint32_t width, uint32_t height, uint64_t *number) {
  *number = *(const uint64_t *)pixels;
  for (uint32_t row = 0; row < height; row++) {
    const uint64_t *words = (const uint64_t *)(pixels + row * pitch_bytes);
    const uint64_t version = version_of(*number, row, height);
    for (size_t i = row == 0; i < width / 2; i++)
      if (words[i] != word_of(version, row, i))
        return false;
  }
  return true;
}
