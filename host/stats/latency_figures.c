#include "host/stats/latency_figures.h"

#include <string.h>

const char *const latency_guest_stage_names[LATENCY_GUEST_STAGES] = {"acquired", "copy_started", "copy_done", "complete"};
const char *const latency_host_stage_names[LATENCY_HOST_STAGES] = {"seen", "upload_started", "uploaded", "submitted", "presented"};
const char *const latency_source_names[] = {"none", "headless", "call", "feedback"};
const char *const latency_clock_names[LATENCY_CLOCKS] = {"same", "converted", "waiting", "unknown", "far"};

const struct latency_span_info latency_spans[LATENCY_SPANS] = {
    [LATENCY_SPAN_CAPTURE] = {"acquired_to_copy", "acquired", "copy_started", false},
    [LATENCY_SPAN_COPY] = {"guest_copy", "copy_started", "copy_done", false},
    [LATENCY_SPAN_PUBLISH] = {"copy_to_publish", "copy_done", "complete", false},
    [LATENCY_SPAN_NOTICE] = {"publish_to_seen", "complete", "seen", true},
    [LATENCY_SPAN_WAIT] = {"seen_to_upload", "seen", "upload_started", false},
    [LATENCY_SPAN_UPLOAD] = {"upload", "upload_started", "uploaded", false},
    [LATENCY_SPAN_SUBMIT] = {"upload_to_submit", "uploaded", "submitted", false},
    [LATENCY_SPAN_PRESENT] = {"submit_to_present", "submitted", "presented", false},
    [LATENCY_SPAN_PUBLISHED] = {"publish_to_presented", "complete", "presented", true},
    [LATENCY_SPAN_WHOLE] = {"acquired_to_presented", "acquired", "presented", true},
};

/* ---- one frame ---- */

static bool between(uint64_t from_ns, uint64_t to_ns, int64_t *ns) {
  int64_t difference = (int64_t)(to_ns - from_ns);
  if (from_ns == 0 || to_ns == 0 || difference > LATENCY_SPAN_NS_MAX || difference < -LATENCY_SPAN_NS_MAX)
    return false;
  *ns = difference;
  return true;
}

/* Of two stamps of the guest. */
static bool guest_span(const struct latency_record *record, enum latency_guest_stage from, enum latency_guest_stage to, int64_t *ns) {
  return between(record->frame.guest_ns[from], record->frame.guest_ns[to], ns);
}

static bool host_span(const struct latency_record *record, enum latency_host_stage from, enum latency_host_stage to, int64_t *ns) {
  return between(record->frame.host_ns[from], record->frame.host_ns[to], ns);
}

static bool one_way_span(const struct latency_record *record, enum latency_guest_stage from, enum latency_host_stage to, int64_t *ns,
                         uint64_t *bound_ns) {
  bool known = record->clock == LATENCY_CLOCK_SAME || record->clock == LATENCY_CLOCK_KNOWN;
  if (!known || record->frame.first || record->frame.guest_ns[from] == 0)
    return false;
  *bound_ns = record->bound_ns[from];
  return between(record->converted_ns[from], record->frame.host_ns[to], ns);
}

/* A frame that was completed after the news was of no news itself: it was seen when it was acquired. One that was taken by its announcement
 * was really seen before it was complete, which is an overlap. */
static bool notice_span(const struct latency_record *record, int64_t *ns, uint64_t *bound_ns) {
  if (!one_way_span(record, LATENCY_COMPLETE, LATENCY_SEEN, ns, bound_ns))
    return false;
  if (*ns >= -(int64_t)*bound_ns || record->frame.banded)
    return true;
  return one_way_span(record, LATENCY_COMPLETE, LATENCY_UPLOAD_STARTED, ns, bound_ns);
}

bool latency_record_span(const struct latency_record *record, enum latency_span span, int64_t *ns, uint64_t *bound_ns) {
  *bound_ns = 0;
  switch (span) {
  case LATENCY_SPAN_CAPTURE:
    return guest_span(record, LATENCY_ACQUIRED, LATENCY_COPY_STARTED, ns);
  case LATENCY_SPAN_COPY:
    return guest_span(record, LATENCY_COPY_STARTED, LATENCY_COPY_DONE, ns);
  case LATENCY_SPAN_PUBLISH:
    return guest_span(record, LATENCY_COPY_DONE, LATENCY_COMPLETE, ns);
  case LATENCY_SPAN_NOTICE:
    return notice_span(record, ns, bound_ns);
  case LATENCY_SPAN_WAIT:
    return host_span(record, LATENCY_SEEN, LATENCY_UPLOAD_STARTED, ns);
  case LATENCY_SPAN_UPLOAD:
    return host_span(record, LATENCY_UPLOAD_STARTED, LATENCY_UPLOADED, ns);
  case LATENCY_SPAN_SUBMIT:
    return host_span(record, LATENCY_UPLOADED, LATENCY_SUBMITTED, ns);
  case LATENCY_SPAN_PRESENT:
    return host_span(record, LATENCY_SUBMITTED, LATENCY_PRESENTED, ns);
  case LATENCY_SPAN_PUBLISHED:
    return one_way_span(record, LATENCY_COMPLETE, LATENCY_PRESENTED, ns, bound_ns);
  case LATENCY_SPAN_WHOLE:
    return one_way_span(record, LATENCY_ACQUIRED, LATENCY_PRESENTED, ns, bound_ns);
  case LATENCY_SPANS:
    break;
  }
  return false;
}

/* ---- many ---- */

void latency_figures_clear(struct latency_figures *figures) { memset(figures, 0, sizeof *figures); }

static void add_value(struct latency_distribution *distribution, int64_t ns, uint64_t bound_ns) {
  if (ns >= 0)
    histogram_add(&distribution->positive, (uint64_t)ns);
  else
    histogram_add(&distribution->overlap, (uint64_t)-ns);
  if (bound_ns > distribution->bound_max_ns)
    distribution->bound_max_ns = bound_ns;
}

void latency_figures_add(struct latency_figures *figures, const struct latency_record *record) {
  figures->frames++;
  figures->skipped += record->frame.skipped;
  figures->missed += record->frame.source == LATENCY_SOURCE_NONE;
  figures->first += record->frame.first;
  figures->clocks[record->clock]++;
  figures->sources[record->frame.source]++;
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    int64_t ns;
    uint64_t bound_ns;
    if (latency_record_span(record, (enum latency_span)span, &ns, &bound_ns))
      add_value(&figures->spans[span], ns, bound_ns);
  }
}

uint64_t latency_distribution_count(const struct latency_distribution *distribution) {
  return distribution->positive.count + distribution->overlap.count;
}

/* The value of that rank, 1 = the least. The longest overlap is the least of all. */
static int64_t value_at(const struct latency_distribution *distribution, uint64_t rank) {
  uint64_t below = distribution->overlap.count;
  if (rank <= below)
    return -(int64_t)histogram_at_rank(&distribution->overlap, below - rank + 1);
  return (int64_t)histogram_at_rank(&distribution->positive, rank - below);
}

static bool bound_is_too_wide(int64_t ns, uint64_t bound_ns) {
  uint64_t size = ns < 0 ? (uint64_t)-ns : (uint64_t)ns;
  return bound_ns > 0 && bound_ns > size * LATENCY_BOUND_PERCENT_MAX / 100;
}

struct latency_quantile latency_distribution_quantile(const struct latency_distribution *distribution, uint32_t per_mille) {
  uint64_t count = latency_distribution_count(distribution), rank = (count * per_mille + 999) / 1000;
  if (count == 0)
    return (struct latency_quantile){.refused = true};
  struct latency_quantile quantile = {.ns = value_at(distribution, rank ? rank : 1), .bound_ns = distribution->bound_max_ns};
  quantile.refused = bound_is_too_wide(quantile.ns, quantile.bound_ns);
  return quantile;
}
