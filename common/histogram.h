/* Log-linear histogram of durations: fixed memory, relative error at most 1/128 (< 1 %), values 0 .. 2^40-1 (18 minutes in ns).
 * Larger values count in the last bucket. One writer thread; merge copies. Data plane except where said. */
#ifndef TRANSOM_COMMON_HISTOGRAM_H
#define TRANSOM_COMMON_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_LINEAR_BITS 7u /* 128 linear steps an octave */
#define HISTOGRAM_VALUE_BITS 40u
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_LINEAR_BITS + 1u) << HISTOGRAM_LINEAR_BITS)

struct histogram {
  uint64_t count, sum, minimum, maximum;
  uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest recorded value v (as its bucket's upper end, never above the maximum) with at least `per_mille` thousandths of all values <=
 * v. 500 = median, 990 = p99, 999 = p99.9. 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t per_mille);

/* The value of that rank in the order of size, 1 = the least, in the same way; past the last it is the maximum. */
uint64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank);

#endif
