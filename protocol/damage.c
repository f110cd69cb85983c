#include "protocol/damage.h"

#include <assert.h>
#include <string.h>

static uint64_t rect_area(struct transom_rect rect) { return (uint64_t)rect.width * rect.height; }

/* The smallest rectangle around both. Edges are computed in 32 bits: x + width may pass 65535 by no more than a wire rectangle can say. */
static struct transom_rect rect_around(struct transom_rect a, struct transom_rect b) {
  uint32_t left = a.x < b.x ? a.x : b.x;
  uint32_t top = a.y < b.y ? a.y : b.y;
  uint32_t right_a = (uint32_t)a.x + a.width, right_b = (uint32_t)b.x + b.width;
  uint32_t bottom_a = (uint32_t)a.y + a.height, bottom_b = (uint32_t)b.y + b.height;
  uint32_t width = (right_a > right_b ? right_a : right_b) - left;
  uint32_t height = (bottom_a > bottom_b ? bottom_a : bottom_b) - top;
  return (struct transom_rect){(uint16_t)left, (uint16_t)top, (uint16_t)width, (uint16_t)height};
}

static bool rect_contains(struct transom_rect outer, struct transom_rect inner) {
  return inner.x >= outer.x && inner.y >= outer.y && (uint32_t)inner.x + inner.width <= (uint32_t)outer.x + outer.width &&
         (uint32_t)inner.y + inner.height <= (uint32_t)outer.y + outer.height;
}

static void remove_at(struct transom_damage *damage, uint32_t index) { damage->rects[index] = damage->rects[--damage->count]; }

/* Adds a rectangle that no other one contains; those that it contains go. There is room. */
static void insert(struct transom_damage *damage, struct transom_rect rect) {
  for (uint32_t i = 0; i < damage->count;) {
    if (rect_contains(rect, damage->rects[i]))
      remove_at(damage, i);
    else
      i++;
  }
  assert(damage->count < TRANSOM_DAMAGE_MAX);
  damage->rects[damage->count++] = rect;
}

/* The partner whose merger with `rect` covers the fewest pixels that neither of them covered. */
static uint32_t cheapest_partner(const struct transom_damage *damage, struct transom_rect rect) {
  uint32_t best = 0;
  uint64_t best_cost = UINT64_MAX;
  for (uint32_t i = 0; i < damage->count; i++) {
    uint64_t around = rect_area(rect_around(damage->rects[i], rect));
    uint64_t apart = rect_area(damage->rects[i]) + rect_area(rect);
    uint64_t cost = around > apart ? around - apart : 0;
    if (cost < best_cost) {
      best = i;
      best_cost = cost;
    }
  }
  return best;
}

void damage_clear(struct transom_damage *damage) {
  damage->full = false;
  damage->count = 0;
}

void damage_set_full(struct transom_damage *damage) {
  damage->full = true;
  damage->count = 0;
}

bool damage_is_empty(const struct transom_damage *damage) { return !damage->full && damage->count == 0; }

void damage_add(struct transom_damage *damage, struct transom_rect rect) {
  if (damage->full || rect.width == 0 || rect.height == 0)
    return;
  /* No picture reaches beyond 16384, so a rectangle that passes 65535 is one that nobody can mean. */
  if ((uint32_t)rect.x + rect.width > UINT16_MAX || (uint32_t)rect.y + rect.height > UINT16_MAX) {
    damage_set_full(damage);
    return;
  }
  for (uint32_t i = 0; i < damage->count; i++) {
    if (rect_contains(damage->rects[i], rect))
      return;
  }
  if (damage->count == TRANSOM_DAMAGE_MAX) {
    uint32_t partner = cheapest_partner(damage, rect);
    rect = rect_around(damage->rects[partner], rect);
    remove_at(damage, partner);
  }
  insert(damage, rect);
}

void damage_add_all(struct transom_damage *damage, const struct transom_damage *other) {
  if (other->full)
    damage_set_full(damage);
  for (uint32_t i = 0; i < other->count && i < TRANSOM_DAMAGE_MAX; i++)
    damage_add(damage, other->rects[i]);
}

static bool in_any_before(const struct transom_damage *damage, uint32_t index, uint32_t x, uint32_t y) {
  for (uint32_t i = 0; i < index; i++) {
    struct transom_rect rect = damage->rects[i];
    if (x >= rect.x && x < (uint32_t)rect.x + rect.width && y >= rect.y && y < (uint32_t)rect.y + rect.height)
      return true;
  }
  return false;
}

/* Sorted ascending, duplicates kept: at most 2 * TRANSOM_DAMAGE_MAX edges. */
static void insert_edge(uint32_t *edges, uint32_t count, uint32_t edge) {
  uint32_t at = count;
  for (; at > 0 && edges[at - 1] > edge; at--)
    edges[at] = edges[at - 1];
  edges[at] = edge;
}

/* Cells of the grid that the rectangles' edges draw: each lies wholly inside or outside of every rectangle. */
uint64_t damage_area(const struct transom_damage *damage, uint32_t width, uint32_t height) {
  if (damage->full)
    return (uint64_t)width * height;
  uint32_t columns[2 * TRANSOM_DAMAGE_MAX], rows[2 * TRANSOM_DAMAGE_MAX];
  uint32_t edges = 0;
  for (uint32_t i = 0; i < damage->count; i++) {
    struct transom_rect rect = damage->rects[i];
    insert_edge(columns, edges, rect.x);
    insert_edge(rows, edges++, rect.y);
    insert_edge(columns, edges, (uint32_t)rect.x + rect.width);
    insert_edge(rows, edges++, (uint32_t)rect.y + rect.height);
  }
  uint64_t area = 0;
  for (uint32_t row = 0; row + 1 < edges; row++) {
    for (uint32_t column = 0; column + 1 < edges; column++) {
      uint64_t cell = (uint64_t)(columns[column + 1] - columns[column]) * (rows[row + 1] - rows[row]);
      if (cell > 0 && in_any_before(damage, damage->count, columns[column], rows[row]))
        area += cell;
    }
  }
  return area;
}
