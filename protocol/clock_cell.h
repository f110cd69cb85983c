/* Two-way clock exchange through the region (after RFC 5905 section 8: t1..t4). Each consumer has its own cell. Data plane.
 * The host's clock is CLOCK_MONOTONIC_RAW, the guest's whatever it stamps frames with. */
#ifndef TRANSOM_PROTOCOL_CLOCK_CELL_H
#define TRANSOM_PROTOCOL_CLOCK_CELL_H

#include "protocol/consumer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct transom_clock_sample {
  uint64_t t1_ns; /* host: request sent */
  uint64_t t2_ns; /* guest: request seen */
  uint64_t t3_ns; /* guest: reply sent */
  uint64_t t4_ns; /* host: reply seen */
};

/* Host. One exchange under way at a time. `sequence` is the caller's: it starts at a random number, because the cell may still hold what
 * the line's last owner asked, then counts, and is never 0. 0, or -ESTALE. */
int clock_cell_ask(const struct transom_consumer *consumer, uint64_t sequence, uint64_t now_ns);

/* 0 with the sample; -EAGAIN not answered yet; -EBADMSG t3 < t2 or t4 < t1. `now_ns` reads the host's clock: after the answer was seen,
 * since an earlier t4 would promise what is not so. */
int clock_cell_answer(const struct transom_consumer *consumer, uint64_t sequence, uint64_t t1_ns, uint64_t (*now_ns)(void),
                      struct transom_clock_sample *sample);

/* Guest: answers the cell of every joined consumer that asks; `now_ns` reads the guest's clock. Returns how many were answered. */
uint32_t clock_cell_serve(const struct transom_region *region, uint64_t last_sequence[TRANSOM_CONSUMERS_MAX], uint64_t (*now_ns)(void));

#ifdef __cplusplus
}
#endif
#endif
