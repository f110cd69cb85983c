/* What the stamps of many frames say: stages as signed distributions, one-way figures with the bound of their error.
 *
 * A frame becomes a *record* once its guest stamps are converted (host/stats/clock_mapping.h). A span between two stages may be negative
 * where bands make stages overlap; that is kept and shown as overlap, never cut to zero. Every value of a span is known to +- its bound, so
 * any quantile of the span is known to +- the worst bound among its values; a quantile whose bound is worse than 10 % of it is refused.
 * Values are not refused one by one: that would throw away the short ones and move every quantile up.
 *
 * Threads: one at a time. No allocation. Control plane. */
#ifndef TRANSOM_HOST_STATS_LATENCY_FIGURES_H
#define TRANSOM_HOST_STATS_LATENCY_FIGURES_H

#include "common/histogram.h"
#include "host/stats/latency_trace.h"

#define LATENCY_BOUND_PERCENT_MAX 10u                                  /* of the figure */
#define LATENCY_SPAN_NS_MAX (INT64_C(1) << (HISTOGRAM_VALUE_BITS - 1)) /* 9 minutes: two stamps of one frame are never farther apart */

/* What became of a frame's guest stamps. */
enum latency_clock {
  LATENCY_CLOCK_SAME,    /* the guest's clock is this host's: no conversion, no bound */
  LATENCY_CLOCK_KNOWN,   /* converted */
  LATENCY_CLOCK_WAITING, /* no exchange after it yet */
  LATENCY_CLOCK_UNKNOWN, /* no two exchanges around it that agree: before the first, or across a step */
  LATENCY_CLOCK_FAR,     /* the nearest exchange is more than 5 s away */
  LATENCY_CLOCKS
};

struct latency_record {
  struct latency_frame frame;
  enum latency_clock clock;
  uint64_t converted_ns[LATENCY_GUEST_STAGES]; /* host clock, when SAME or KNOWN */
  uint64_t bound_ns[LATENCY_GUEST_STAGES];
};

enum latency_span {
  LATENCY_SPAN_CAPTURE,   /* acquired -> copy started */
  LATENCY_SPAN_COPY,      /* copy started -> copy done */
  LATENCY_SPAN_PUBLISH,   /* copy done -> complete */
  LATENCY_SPAN_NOTICE,    /* complete -> seen; one-way */
  LATENCY_SPAN_WAIT,      /* seen -> upload started */
  LATENCY_SPAN_UPLOAD,    /* upload started -> uploaded */
  LATENCY_SPAN_SUBMIT,    /* uploaded -> submitted */
  LATENCY_SPAN_PRESENT,   /* submitted -> presented */
  LATENCY_SPAN_PUBLISHED, /* complete -> presented; one-way */
  LATENCY_SPAN_WHOLE,     /* acquired -> presented; one-way */
  LATENCY_SPANS
};

struct latency_span_info {
  const char *key, *from, *to; /* key of the JSON, "publish_to_seen"; names of the two stages */
  bool one_way;                /* from the guest's clock to the host's */
};
extern const struct latency_span_info latency_spans[LATENCY_SPANS];
extern const char *const latency_guest_stage_names[LATENCY_GUEST_STAGES];
extern const char *const latency_host_stage_names[LATENCY_HOST_STAGES];
extern const char *const latency_source_names[];
extern const char *const latency_clock_names[LATENCY_CLOCKS];

/* Length of a span in one frame, and how far it may be off. False: a stamp is missing, unknown or absurd, or the span says nothing (one-way
 * in a session's first frame). */
bool latency_record_span(const struct latency_record *record, enum latency_span span, int64_t *ns, uint64_t *bound_ns);

struct latency_distribution {
  struct histogram positive, overlap; /* ns; overlap: how far below zero */
  uint64_t bound_max_ns;
};

struct latency_figures {
  struct latency_distribution spans[LATENCY_SPANS];
  uint64_t frames, skipped, missed; /* taken; published and never taken; taken and never presented */
  uint64_t lost;                    /* by the trace: the reader was late */
  uint64_t first;                   /* of a session */
  uint64_t clocks[LATENCY_CLOCKS];  /* frames by what became of their stamps */
  uint64_t sources[LATENCY_SOURCE_FEEDBACK + 1];
};

void latency_figures_clear(struct latency_figures *figures);
void latency_figures_add(struct latency_figures *figures, const struct latency_record *record);

/* A quantile of all values, overlaps first; per_mille 1000 = the maximum. */
struct latency_quantile {
  int64_t ns;
  uint64_t bound_ns;
  bool refused; /* the bound is too wide for it */
};
uint64_t latency_distribution_count(const struct latency_distribution *distribution);
struct latency_quantile latency_distribution_quantile(const struct latency_distribution *distribution, uint32_t per_mille);

#endif
