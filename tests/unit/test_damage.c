/* Damage may grow, never shrink, and never be more than 32 rectangles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/damage.h"

#include <string.h>

#define EDGE 64u

static struct transom_rect rect(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  return (struct transom_rect){(uint16_t)x, (uint16_t)y, (uint16_t)width, (uint16_t)height};
}

static void paint(uint8_t picture[EDGE][EDGE], struct transom_rect r) {
  for (uint32_t y = r.y; y < (uint32_t)r.y + r.height; y++)
    memset(&picture[y][r.x], 1, r.width);
}

static void nothing_is_empty(void **state) {
  (void)state;
  struct transom_damage damage = {0};
  assert_true(damage_is_empty(&damage));
  damage_add(&damage, rect(3, 4, 0, 5));
  damage_add(&damage, rect(3, 4, 5, 0));
  assert_true(damage_is_empty(&damage));
  assert_int_equal(damage_area(&damage, 100, 100), 0);
}

static void full_swallows_all(void **state) {
  (void)state;
  struct transom_damage damage = {0}, other = {0};
  damage_set_full(&other);
  damage_add(&damage, rect(1, 1, 1, 1));
  damage_add_all(&damage, &other);
  damage_add(&damage, rect(5, 5, 5, 5));
  assert_true(damage.full);
  assert_int_equal(damage.count, 0);
  assert_int_equal(damage_area(&damage, 300, 200), 60000);
  damage_clear(&damage);
  assert_true(damage_is_empty(&damage));
}

static void contained_rectangles_go(void **state) {
  (void)state;
  struct transom_damage damage = {0};
  damage_add(&damage, rect(10, 10, 5, 5));
  damage_add(&damage, rect(20, 20, 5, 5));
  damage_add(&damage, rect(11, 11, 2, 2));
  assert_int_equal(damage.count, 2);
  damage_add(&damage, rect(0, 0, 40, 40));
  assert_int_equal(damage.count, 1);
  assert_int_equal(damage_area(&damage, 100, 100), 1600);
}

static void area_counts_overlaps_once(void **state) {
  (void)state;
  struct transom_damage damage = {0};
  damage_add(&damage, rect(0, 0, 10, 10));
  damage_add(&damage, rect(5, 5, 10, 10));
  assert_int_equal(damage_area(&damage, 100, 100), 175);
}

static void rectangle_beyond_16_bits_means_full(void **state) {
  (void)state;
  struct transom_damage damage = {0};
  damage_add(&damage, rect(65000, 0, 1000, 1));
  assert_true(damage.full);
}

/* Against a painted picture, with more rectangles than there is room for. */
static void merging_covers_what_was_added(void **state) {
  (void)state;
  uint32_t random = 1;
  for (uint32_t round = 0; round < 300; round++) {
    uint8_t wanted[EDGE][EDGE] = {{0}}, covered[EDGE][EDGE] = {{0}};
    struct transom_damage damage = {0};
    uint64_t area = 0;
    for (uint32_t i = 0; i < 1 + round; i++) {
      random = random * 1664525u + 1013904223u;
      struct transom_rect r = rect(random >> 8 & 31, random >> 13 & 31, 1 + (random >> 18 & 7), 1 + (random >> 23 & 7));
      damage_add(&damage, r);
      paint(wanted, r);
    }
    assert_in_range(damage.count, 1, TRANSOM_DAMAGE_MAX);
    for (uint32_t i = 0; i < damage.count; i++)
      paint(covered, damage.rects[i]);
    for (uint32_t i = 0; i < EDGE * EDGE; i++) {
      assert_true((&covered[0][0])[i] >= (&wanted[0][0])[i]);
      area += (&covered[0][0])[i];
    }
    assert_int_equal(damage_area(&damage, EDGE, EDGE), area);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_empty),
      cmocka_unit_test(full_swallows_all),
      cmocka_unit_test(contained_rectangles_go),
      cmocka_unit_test(area_counts_overlaps_once),
      cmocka_unit_test(rectangle_beyond_16_bits_means_full),
      cmocka_unit_test(merging_covers_what_was_added),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
