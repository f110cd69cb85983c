/* Converts the guest's time stamps to the host's CLOCK_MONOTONIC_RAW, each with a bound on its error.
 *
 * Fed with two-way exchanges (protocol/clock_cell.h; after RFC 5905, section 8). Each says that guest minus host lay between t3 - t4 and
 * t2 - t1, whatever the two ways took. Of each second the exchange with the shortest round trip is kept; the last minute of them gives the
 * guest clock's rate, and
 *
 *   bound(t) = half of what the exchange leaves open + rho * |t - nearest exchange|
 *   rho      = error of that rate + CLOCK_MAPPING_WANDER, or the wander that the exchanges show if that is more
 *
 * A stamp is converted only between two kept exchanges that agree with each other; then its bound covers what either of them allows, so
 * that one step of the clock between them that is too small to be seen stays inside. A greater step (pause, suspend, jump of the TSC)
 * begins a new segment, and what was stamped before is unknown from then on. A guest clock that steps back shows old times again; so a
 * stamp is converted only once an exchange that was asked after the host had seen the stamp agrees as well. What is assumed, and stated
 * with every figure: rates within CLOCK_MAPPING_RATE_MAX of each other, wander within a minute below CLOCK_MAPPING_WANDER, and no two
 * opposite steps between neighbouring exchanges.
 *
 * Threads: one at a time. No allocation. Control plane. */
#ifndef TRANSOM_HOST_STATS_CLOCK_MAPPING_H
#define TRANSOM_HOST_STATS_CLOCK_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_MAPPING_WINDOW_NS UINT64_C(1000000000)
#define CLOCK_MAPPING_WINDOWS 64u                              /* a minute of kept exchanges */
#define CLOCK_MAPPING_AGE_MAX_NS UINT64_C(5000000000)          /* a stamp farther from an exchange is not converted */
#define CLOCK_MAPPING_RATE_MAX 500e-6                          /* two quartz clocks: 2 x 100 ppm, and room */
#define CLOCK_MAPPING_WANDER 2e-6                              /* of a quartz that warms up; a guest on its host's TSC has none */
#define CLOCK_MAPPING_STAMP_AGE_MAX_NS CLOCK_MAPPING_WINDOW_NS /* no stamp is older when the host sees it; else it is unknown */
#define CLOCK_MAPPING_RESOLUTION_NS 100                        /* QueryPerformanceCounter's step under Hyper-V's reference time */

struct clock_exchange {
  uint64_t t1_ns, t4_ns; /* host: asked, answered */
  uint64_t t2_ns, t3_ns; /* guest: seen, replied */
};

/* Guest minus host at one moment of the guest's clock. */
struct clock_offset {
  uint64_t guest_ns;
  uint64_t asked_ns; /* host: t1 */
  int64_t low_ns, high_ns;
  uint32_t segment;
};

struct clock_mapping {
  struct clock_offset kept[CLOCK_MAPPING_WINDOWS]; /* a ring, oldest at first */
  uint32_t first, count;
  struct clock_offset best, last; /* of the window that is open; of all */
  bool has_best, has_last;
  uint64_t window_ends_ns; /* host */
  uint32_t segment;
  uint64_t segment_since_ns; /* host; 0 = the first segment */
  double rate, rho;          /* change of the offset by guest time, and its uncertainty */
  uint64_t exchanges, impossible, steps;
};

struct clock_time {
  uint64_t host_ns, bound_ns; /* the truth is within host_ns +- bound_ns */
};

enum clock_mapping_result {
  CLOCK_MAPPING_KNOWN,
  CLOCK_MAPPING_LATER,   /* no exchange since it was seen yet: ask again in a second or two */
  CLOCK_MAPPING_UNKNOWN, /* before the first exchange, or across a step */
  CLOCK_MAPPING_FAR      /* the nearest exchange is more than CLOCK_MAPPING_AGE_MAX_NS away */
};

void clock_mapping_init(struct clock_mapping *mapping);

/* In the order of t1. An exchange that no pair of clocks can make is counted and dropped. */
void clock_mapping_add(struct clock_mapping *mapping, const struct clock_exchange *exchange);

/* `seen_ns`: when the host had the stamp in its hands. */
enum clock_mapping_result clock_mapping_convert(const struct clock_mapping *mapping, uint64_t guest_ns, uint64_t seen_ns,
                                                struct clock_time *time);

#endif
