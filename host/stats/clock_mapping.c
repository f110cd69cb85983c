#include "host/stats/clock_mapping.h"

#include <math.h>
#include <stddef.h>

#define FIT_MIN 3u                    /* exchanges: two on one side of any gap */
#define OFFSET_MAX (INT64_C(1) << 62) /* arithmetic on offsets below it cannot overflow */

struct range {
  int64_t low, high;
};

void clock_mapping_init(struct clock_mapping *mapping) { *mapping = (struct clock_mapping){.rho = CLOCK_MAPPING_RATE_MAX}; }

static const struct clock_offset *kept(const struct clock_mapping *mapping, uint32_t index) {
  return &mapping->kept[(mapping->first + index) % CLOCK_MAPPING_WINDOWS];
}

static double distance(uint64_t from_ns, uint64_t to_ns) { return (double)(int64_t)(to_ns - from_ns); }

/* What `offset` allows at another moment. */
static struct range project(const struct clock_mapping *mapping, const struct clock_offset *offset, uint64_t guest_ns) {
  double d = distance(offset->guest_ns, guest_ns), drift = mapping->rate * d, doubt = mapping->rho * fabs(d);
  return (struct range){offset->low_ns + (int64_t)floor(drift - doubt), offset->high_ns + (int64_t)ceil(drift + doubt)};
}

static bool agree(struct range a, struct range b) { return a.low <= b.high && b.low <= a.high; }

static bool fits(const struct clock_mapping *mapping, const struct clock_offset *known, const struct clock_offset *offset) {
  return agree(project(mapping, known, offset->guest_ns), (struct range){offset->low_ns, offset->high_ns});
}

static bool is_narrower(const struct clock_offset *a, const struct clock_offset *b) {
  return a->high_ns - a->low_ns < b->high_ns - b->low_ns;
}

/* ---- the line through what was kept ---- */

/* Of the segment that is open: the kept exchanges from this one on. */
static uint32_t segment_start(const struct clock_mapping *mapping) {
  uint32_t start = mapping->count;
  while (start > 0 && kept(mapping, start - 1)->segment == mapping->segment)
    start--;
  return start;
}

/* How fast the offset moved from one kept exchange to a later one: between low and high. */
struct rate_range {
  double low, high;
};

static double half_width(const struct clock_offset *offset) { return (double)(offset->high_ns - offset->low_ns) / 2; }

static struct rate_range rate_between(const struct clock_offset *from, const struct clock_offset *to) {
  double time = distance(from->guest_ns, to->guest_ns), open = half_width(from) + half_width(to);
  double moved = (double)(to->low_ns - from->low_ns) + half_width(to) - half_width(from);
  return (struct rate_range){(moved - open) / time, (moved + open) / time};
}

static uint32_t narrowest(const struct clock_mapping *mapping, uint32_t from, uint32_t to) {
  uint32_t best = from;
  for (uint32_t i = from + 1; i < to; i++)
    if (is_narrower(kept(mapping, i), kept(mapping, best)))
      best = i;
  return best;
}

/* Of the exchanges from .. to - 1: between a good one of the first third and a good one of the last. */
static struct rate_range rate_across(const struct clock_mapping *mapping, uint32_t from, uint32_t to) {
  uint32_t third = (to - from + 2) / 3;
  return rate_between(kept(mapping, narrowest(mapping, from, from + third)), kept(mapping, narrowest(mapping, to - third, to)));
}

/* The rate, even if the clock made a step somewhere that was too small to be seen: a step in the gap before `gap` leaves the longer side of
 * it untouched, and since nobody knows the gap, what any of them allows is allowed. */
static struct rate_range rate_of_segment(const struct clock_mapping *mapping, uint32_t start) {
  struct rate_range all = {CLOCK_MAPPING_RATE_MAX, -CLOCK_MAPPING_RATE_MAX};
  for (uint32_t gap = start + 1; gap < mapping->count; gap++) {
    bool before_is_longer = gap - start > mapping->count - gap;
    struct rate_range side = before_is_longer ? rate_across(mapping, start, gap) : rate_across(mapping, gap, mapping->count);
    all.low = fmin(all.low, side.low);
    all.high = fmax(all.high, side.high);
  }
  return (struct rate_range){fmax(all.low, -CLOCK_MAPPING_RATE_MAX), fmin(all.high, CLOCK_MAPPING_RATE_MAX)};
}

/* How far neighbours prove to have moved off the rate. */
static double seen_wander(const struct clock_mapping *mapping, uint32_t start) {
  double most = 0;
  for (uint32_t i = start + 1; i < mapping->count; i++) {
    struct rate_range seen = rate_between(kept(mapping, i - 1), kept(mapping, i));
    most = fmax(most, fmax(seen.low - mapping->rate, mapping->rate - seen.high));
  }
  return most;
}

static void fit(struct clock_mapping *mapping) {
  uint32_t start = segment_start(mapping);
  mapping->rate = 0;
  mapping->rho = CLOCK_MAPPING_RATE_MAX;
  if (mapping->count - start < FIT_MIN)
    return;
  struct rate_range rate = rate_of_segment(mapping, start);
  mapping->rate = (rate.low + rate.high) / 2;
  mapping->rho = (rate.high - rate.low) / 2 + fmax(seen_wander(mapping, start), CLOCK_MAPPING_WANDER);
}

/* ---- exchanges ---- */

/* False: no two clocks can have made it. */
static bool offset_of(const struct clock_exchange *exchange, struct clock_offset *offset) {
  uint64_t round_ns = exchange->t4_ns - exchange->t1_ns, busy_ns = exchange->t3_ns - exchange->t2_ns;
  if (exchange->t4_ns < exchange->t1_ns || exchange->t3_ns < exchange->t2_ns)
    return false;
  int64_t spread = CLOCK_MAPPING_RESOLUTION_NS + (int64_t)(CLOCK_MAPPING_RATE_MAX * (double)busy_ns);
  int64_t low = (int64_t)(exchange->t3_ns - exchange->t4_ns), high = (int64_t)(exchange->t2_ns - exchange->t1_ns);
  if (low < -OFFSET_MAX || low > OFFSET_MAX || high < -OFFSET_MAX || high > OFFSET_MAX || round_ns > (uint64_t)OFFSET_MAX ||
      busy_ns > (uint64_t)OFFSET_MAX)
    return false;
  *offset = (struct clock_offset){
      .guest_ns = exchange->t2_ns + busy_ns / 2, .asked_ns = exchange->t1_ns, .low_ns = low - spread, .high_ns = high + spread};
  return offset->low_ns <= offset->high_ns;
}

/* Guest time must advance from one kept exchange to the next; one that does not adds nothing. */
static bool comes_after_the_kept(const struct clock_mapping *mapping, const struct clock_offset *offset) {
  return mapping->count == 0 || (int64_t)(offset->guest_ns - kept(mapping, mapping->count - 1)->guest_ns) > 0 ||
         kept(mapping, mapping->count - 1)->segment != offset->segment;
}

static void close_window(struct clock_mapping *mapping) {
  if (!mapping->has_best)
    return;
  mapping->has_best = false;
  if (!comes_after_the_kept(mapping, &mapping->best))
    return;
  if (mapping->count == CLOCK_MAPPING_WINDOWS) {
    mapping->first++;
    mapping->count--;
  }
  mapping->kept[(mapping->first + mapping->count++) % CLOCK_MAPPING_WINDOWS] = mapping->best;
  fit(mapping);
}

/* The clocks have moved against each other: what was learnt is good for the time before only. */
static void begin_segment(struct clock_mapping *mapping, uint64_t since_ns) {
  close_window(mapping);
  mapping->steps++;
  mapping->segment++;
  mapping->segment_since_ns = since_ns;
  mapping->window_ends_ns = 0;
  fit(mapping);
}

static bool fits_all(const struct clock_mapping *mapping, const struct clock_offset *offset) {
  const struct clock_offset *newest = mapping->count ? kept(mapping, mapping->count - 1) : NULL;
  return (!mapping->has_last || fits(mapping, &mapping->last, offset)) && (!mapping->has_best || fits(mapping, &mapping->best, offset)) &&
         (!newest || newest->segment != mapping->segment || fits(mapping, newest, offset));
}

void clock_mapping_add(struct clock_mapping *mapping, const struct clock_exchange *exchange) {
  struct clock_offset offset;
  mapping->exchanges++;
  if (!offset_of(exchange, &offset)) {
    mapping->impossible++;
    return;
  }
  if (!fits_all(mapping, &offset))
    begin_segment(mapping, exchange->t4_ns);
  else if (exchange->t4_ns >= mapping->window_ends_ns)
    close_window(mapping);
  if (exchange->t4_ns >= mapping->window_ends_ns)
    mapping->window_ends_ns = exchange->t4_ns + CLOCK_MAPPING_WINDOW_NS;
  offset.segment = mapping->segment;
  if (!mapping->has_best || is_narrower(&offset, &mapping->best))
    mapping->best = offset;
  mapping->last = offset;
  mapping->has_best = mapping->has_last = true;
}

/* ---- conversion ---- */

static bool is_between(uint64_t first_ns, uint64_t ns, uint64_t last_ns) {
  return distance(first_ns, ns) >= 0 && distance(ns, last_ns) >= 0;
}

static bool is_far(uint64_t a_ns, uint64_t b_ns) { return fabs(distance(a_ns, b_ns)) > (double)CLOCK_MAPPING_AGE_MAX_NS; }

static enum clock_mapping_result between(const struct clock_mapping *mapping, const struct clock_offset *before,
                                         const struct clock_offset *after, uint64_t guest_ns, uint64_t seen_ns, struct clock_time *time) {
  struct range a = project(mapping, before, guest_ns), b = project(mapping, after, guest_ns);
  bool before_is_nearer = guest_ns - before->guest_ns < after->guest_ns - guest_ns;
  const struct clock_offset *nearest = before_is_nearer ? before : after;
  if (is_far(nearest->guest_ns, guest_ns))
    return CLOCK_MAPPING_FAR;
  if (before->segment != after->segment || !agree(a, b))
    return CLOCK_MAPPING_UNKNOWN;
  struct range near = before_is_nearer ? a : b, all = {a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
  int64_t offset = near.low + (near.high - near.low) / 2;
  int64_t bound = offset - all.low > all.high - offset ? offset - all.low : all.high - offset;
  *time = (struct clock_time){guest_ns - (uint64_t)offset, (uint64_t)bound + CLOCK_MAPPING_RESOLUTION_NS + 1};
  return is_between(seen_ns - CLOCK_MAPPING_STAMP_AGE_MAX_NS, time->host_ns, seen_ns + time->bound_ns) ? CLOCK_MAPPING_KNOWN
                                                                                                       : CLOCK_MAPPING_UNKNOWN;
}

enum clock_mapping_result clock_mapping_convert(const struct clock_mapping *mapping, uint64_t guest_ns, uint64_t seen_ns,
                                                struct clock_time *time) {
  uint32_t start = segment_start(mapping);
  if (mapping->segment_since_ns && seen_ns < mapping->segment_since_ns + CLOCK_MAPPING_STAMP_AGE_MAX_NS)
    return CLOCK_MAPPING_UNKNOWN; /* perhaps stamped by the clock as it was before its step */
  if (mapping->count == start || kept(mapping, mapping->count - 1)->asked_ns < seen_ns)
    return CLOCK_MAPPING_LATER;
  for (uint32_t i = mapping->count - 1; i > start; i--)
    if (is_between(kept(mapping, i - 1)->guest_ns, guest_ns, kept(mapping, i)->guest_ns))
      return between(mapping, kept(mapping, i - 1), kept(mapping, i), guest_ns, seen_ns, time);
  return CLOCK_MAPPING_UNKNOWN;
}
