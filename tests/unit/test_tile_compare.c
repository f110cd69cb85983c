#include "guest/core/tile_compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 200u /* four columns of tiles, the last one narrow */
#define HEIGHT 150u
#define PITCH (WIDTH * 4 + 32)

struct fixture {
  struct tile_compare compare;
  struct transom_damage damage;
  uint8_t screen[HEIGHT * PITCH];
};

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  for (size_t i = 0; i < sizeof fixture->screen; i++)
    fixture->screen[i] = (uint8_t)(i * 7);
  return fixture && tile_compare_init(&fixture->compare, WIDTH, HEIGHT, 4) ? 0 : -1;
}

static int teardown(void **state) {
  tile_compare_finish(&((struct fixture *)*state)->compare);
  free(*state);
  return 0;
}

static bool update(struct fixture *fixture) {
  damage_clear(&fixture->damage);
  return tile_compare_update(&fixture->compare, fixture->screen, PITCH, &fixture->damage);
}

static void copy_equals_screen(const struct fixture *fixture) {
  for (uint32_t y = 0; y < HEIGHT; y++)
    assert_memory_equal(fixture->compare.pixels + y * fixture->compare.pitch_bytes, fixture->screen + y * PITCH, WIDTH * 4);
}

static void touch(struct fixture *fixture, uint32_t x, uint32_t y) { fixture->screen[y * PITCH + x * 4] ^= 0x55; }

static void is(struct transom_rect rect, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  assert_int_equal(rect.x, x);
  assert_int_equal(rect.y, y);
  assert_int_equal(rect.width, width);
  assert_int_equal(rect.height, height);
}

static void takes_all_at_first_and_nothing_after(void **state) {
  struct fixture *fixture = *state;
  assert_true(update(fixture));
  assert_true(fixture->damage.full);
  copy_equals_screen(fixture);
  assert_false(update(fixture));
  assert_true(damage_is_empty(&fixture->damage));
}

static void finds_single_pixels(void **state) {
  struct fixture *fixture = *state;
  update(fixture);
  static const uint32_t places[][2] = {{0, 0}, {63, 63}, {64, 64}, {199, 149}, {130, 70}};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    const uint32_t x = places[i][0], y = places[i][1], left = x / 64 * 64, top = y / 64 * 64;
    touch(fixture, x, y);
    assert_true(update(fixture));
    assert_int_equal(fixture->damage.count, 1);
    is(fixture->damage.rects[0], left, top, left + 64 < WIDTH ? 64 : WIDTH - left, top + 64 < HEIGHT ? 64 : HEIGHT - top);
    copy_equals_screen(fixture);
  }
}

static void ignores_padding(void **state) {
  struct fixture *fixture = *state;
  update(fixture);
  fixture->screen[WIDTH * 4 + 3] ^= 1;
  assert_false(update(fixture));
}

static void joins_neighbours_into_one_rectangle(void **state) {
  struct fixture *fixture = *state;
  update(fixture);
  for (uint32_t y = 10; y < 140; y += 64)
    for (uint32_t x = 70; x < 200; x += 61)
      touch(fixture, x, y);
  assert_true(update(fixture));
  assert_int_equal(fixture->damage.count, 1);
  is(fixture->damage.rects[0], 64, 0, WIDTH - 64, HEIGHT);
  copy_equals_screen(fixture);
}

/* Whatever changed, the rectangles cover it and the copy equals the screen: at random, with a fixed seed. */
static void covers_random_changes(void **state) {
  struct fixture *fixture = *state;
  update(fixture);
  uint32_t seed = 12345;
  for (int round = 0; round < 300; round++) {
    uint32_t places[6][2];
    for (int i = 0; i < 6; i++) {
      seed = seed * 1664525 + 1013904223;
      places[i][0] = (seed >> 8) % WIDTH;
      places[i][1] = (seed >> 16) % HEIGHT;
      touch(fixture, places[i][0], places[i][1]);
    }
    update(fixture);
    copy_equals_screen(fixture);
    for (int i = 0; i < 6; i++) {
      bool covered = false;
      for (uint32_t r = 0; r < fixture->damage.count; r++) {
        const struct transom_rect *rect = &fixture->damage.rects[r];
        covered |= places[i][0] - rect->x < rect->width && places[i][1] - rect->y < rect->height;
      }
      /* two touches of one pixel cancel out */
      bool twice = false;
      for (int j = 0; j < 6; j++)
        twice |= j != i && places[i][0] == places[j][0] && places[i][1] == places[j][1];
      assert_true(covered || twice);
    }
  }
}

static void refuses_impossible_sizes(void **state) {
  (void)state;
  struct tile_compare compare;
  assert_false(tile_compare_init(&compare, 0, 10, 4));
  assert_false(tile_compare_init(&compare, TRANSOM_WIDTH_MAX + 1, 10, 4));
  tile_compare_finish(&compare);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(takes_all_at_first_and_nothing_after), TEST(finds_single_pixels),   TEST(ignores_padding),
      TEST(joins_neighbours_into_one_rectangle),  TEST(covers_random_changes), cmocka_unit_test(refuses_impossible_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
