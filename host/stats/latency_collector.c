#include "host/stats/latency_collector.h"

#include <stdlib.h>

#define RECORDS_AT_FIRST 4096u
#define RHO_GOOD 20e-6                    /* of a mapping that has seen a few seconds: worth waiting for at the start */
#define PATIENCE_NS UINT64_C(10000000000) /* and so long at most */

struct latency_collector {
  struct latency_collector_options options;
  struct clock_mapping mapping;
  struct latency_figures figures;
  struct latency_recent recent;
  struct latency_frame waiting[LATENCY_COLLECTOR_WAITING]; /* a ring */
  uint32_t first, count;
  struct latency_record *records;
  size_t kept, capacity;
  uint64_t left_out;
};

struct latency_collector *latency_collector_create(const struct latency_collector_options *options) {
  struct latency_collector *collector = calloc(1, sizeof *collector);
  if (!collector)
    return NULL;
  collector->options = *options;
  clock_mapping_init(&collector->mapping);
  return collector;
}

void latency_collector_destroy(struct latency_collector *collector) {
  if (!collector)
    return;
  free(collector->records);
  free(collector);
}

static bool make_room(struct latency_collector *collector) {
  if (collector->kept < collector->capacity)
    return true;
  size_t capacity = collector->capacity ? collector->capacity * 2 : RECORDS_AT_FIRST;
  if (capacity > LATENCY_COLLECTOR_RECORDS_MAX)
    capacity = LATENCY_COLLECTOR_RECORDS_MAX;
  if (capacity == collector->capacity)
    return false;
  struct latency_record *records = realloc(collector->records, capacity * sizeof *records);
  if (!records)
    return false;
  collector->records = records;
  collector->capacity = capacity;
  return true;
}

static void settle(struct latency_collector *collector, const struct latency_record *record) {
  latency_figures_add(&collector->figures, record);
  if (!collector->options.keep_records)
    return;
  if (make_room(collector))
    collector->records[collector->kept++] = *record;
  else
    collector->left_out++;
}

/* All stamps of a frame or none: a frame of which half is known would count here and not there. */
static void convert(const struct latency_collector *collector, struct latency_record *record) {
  static const enum latency_clock clocks[] = {[CLOCK_MAPPING_LATER] = LATENCY_CLOCK_WAITING,
                                              [CLOCK_MAPPING_UNKNOWN] = LATENCY_CLOCK_UNKNOWN,
                                              [CLOCK_MAPPING_FAR] = LATENCY_CLOCK_FAR};
  uint64_t seen_ns = record->frame.host_ns[LATENCY_UPLOADED]; /* an announced frame is seen before its last stamps are made */
  record->clock = collector->options.same_clock ? LATENCY_CLOCK_SAME : LATENCY_CLOCK_KNOWN;
  for (unsigned stage = 0; stage < LATENCY_GUEST_STAGES; stage++) {
    uint64_t guest_ns = record->frame.guest_ns[stage];
    struct clock_time time = {.host_ns = guest_ns};
    enum clock_mapping_result result = CLOCK_MAPPING_KNOWN;
    if (!collector->options.same_clock && guest_ns)
      result = clock_mapping_convert(&collector->mapping, guest_ns, seen_ns, &time);
    record->clock = result == CLOCK_MAPPING_KNOWN ? record->clock : clocks[result];
    if (result != CLOCK_MAPPING_KNOWN)
      return;
    record->converted_ns[stage] = time.host_ns;
    record->bound_ns[stage] = time.bound_ns;
  }
}

/* The first seconds of a mapping know the clocks' rate badly, and one wide bound is the bound of the whole run. */
static bool is_worth_waiting(const struct latency_collector *collector, const struct latency_frame *frame) {
  const struct clock_mapping *mapping = &collector->mapping;
  uint64_t seen_ns = frame->host_ns[LATENCY_SEEN], newest_ns = mapping->has_last ? mapping->last.asked_ns : seen_ns;
  return !collector->options.same_clock && mapping->rho > RHO_GOOD && (int64_t)(newest_ns - seen_ns) < (int64_t)PATIENCE_NS;
}

/* The oldest of those that wait. False: it must wait on. */
static bool settle_oldest(struct latency_collector *collector, bool at_once) {
  struct latency_record record = {.frame = collector->waiting[collector->first]};
  if (!at_once && is_worth_waiting(collector, &record.frame))
    return false;
  convert(collector, &record);
  if (record.clock == LATENCY_CLOCK_WAITING && !at_once)
    return false;
  settle(collector, &record);
  collector->first = (collector->first + 1) % LATENCY_COLLECTOR_WAITING;
  collector->count--;
  return true;
}

static void settle_all(struct latency_collector *collector, bool at_once) {
  while (collector->count > 0 && settle_oldest(collector, at_once))
    ;
}

void latency_collector_exchange(struct latency_collector *collector, const struct clock_exchange *exchange) {
  clock_mapping_add(&collector->mapping, exchange);
}

void latency_collector_frame(struct latency_collector *collector, const struct latency_frame *frame) {
  latency_recent_add(&collector->recent, frame);
  if (collector->count == LATENCY_COLLECTOR_WAITING)
    settle_oldest(collector, true);
  collector->waiting[(collector->first + collector->count++) % LATENCY_COLLECTOR_WAITING] = *frame;
}

void latency_collector_step(struct latency_collector *collector, struct latency_trace *trace) {
  struct latency_frame frame;
  while (latency_trace_take(trace, &frame))
    latency_collector_frame(collector, &frame);
  collector->figures.lost = latency_trace_lost(trace);
  settle_all(collector, false);
}

void latency_collector_finish(struct latency_collector *collector) { settle_all(collector, true); }

const struct latency_figures *latency_collector_figures(const struct latency_collector *collector) { return &collector->figures; }
const struct latency_recent *latency_collector_recent(const struct latency_collector *collector) { return &collector->recent; }
const struct clock_mapping *latency_collector_mapping(const struct latency_collector *collector) { return &collector->mapping; }

const struct latency_record *latency_collector_records(const struct latency_collector *collector, size_t *count, uint64_t *left_out) {
  *count = collector->kept;
  *left_out = collector->left_out;
  return collector->records;
}
