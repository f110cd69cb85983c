#include "common/histogram.h"

#include <string.h>

#define LINEAR_STEPS (1u << HISTOGRAM_LINEAR_BITS)
#define VALUE_MAX ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)

/* Below 128 each value has its own bucket. Above, the octave [2^e, 2^(e+1)) is cut into 128 steps of 2^(e-7) each. */
static uint32_t bucket_of(uint64_t value) {
  if (value > VALUE_MAX)
    value = VALUE_MAX;
  if (value < LINEAR_STEPS)
    return (uint32_t)value;
  const uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_LINEAR_BITS;
  return (shift << HISTOGRAM_LINEAR_BITS) + (uint32_t)(value >> shift);
}

static uint64_t bucket_upper_end(uint32_t bucket) {
  if (bucket < LINEAR_STEPS)
    return bucket;
  const uint32_t shift = (bucket >> HISTOGRAM_LINEAR_BITS) - 1;
  const uint64_t step = LINEAR_STEPS + (bucket & (LINEAR_STEPS - 1));
  return ((step + 1) << shift) - 1;
}

void histogram_clear(struct histogram *histogram) { memset(histogram, 0, sizeof *histogram); }

void histogram_add(struct histogram *histogram, uint64_t value) {
  if (histogram->count == 0 || value < histogram->minimum)
    histogram->minimum = value;
  if (value > histogram->maximum)
    histogram->maximum = value;
  histogram->count++;
  histogram->sum += value;
  histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
  if (from->count == 0)
    return;
  if (into->count == 0 || from->minimum < into->minimum)
    into->minimum = from->minimum;
  if (from->maximum > into->maximum)
    into->maximum = from->maximum;
  into->count += from->count;
  into->sum += from->sum;
  for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
    into->buckets[i] += from->buckets[i];
}

uint64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank) {
  if (histogram->count == 0)
    return 0;
  if (rank == 0)
    rank = 1;
  uint64_t seen = 0;
  for (uint32_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
    seen += histogram->buckets[i];
    if (seen >= rank)
      return bucket_upper_end(i) < histogram->maximum ? bucket_upper_end(i) : histogram->maximum;
  }
  return histogram->maximum; /* the last bucket holds all that is larger */
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t per_mille) {
  return histogram_at_rank(histogram, (histogram->count * per_mille + 999) / 1000);
}
