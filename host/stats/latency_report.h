/* One run's figures as text, JSON, CSV and HTML. All of them are made of the same rows, so they cannot disagree.
 *
 * Units: microseconds with one decimal, in the guest's or the host's nanoseconds underneath. Errors are the stream's: check ferror().
 * Threads: one at a time. Control plane. */
#ifndef TRANSOM_HOST_STATS_LATENCY_REPORT_H
#define TRANSOM_HOST_STATS_LATENCY_REPORT_H

#include "host/stats/latency_collector.h"

#include <stdio.h>

#define LATENCY_REPORT_SCHEMA 1

/* Whether the window system's word is taken for when a picture was shown. Static strings. */
struct latency_feedback {
  const char *source; /* "wp_presentation"; NULL = there is none */
  const char *state;  /* "none", "testing", "believed", "refused" */
  const char *reason; /* one clause: why it is none or refused; NULL = it is neither */
};

struct latency_report {
  const char *domain, *presenter;
  struct latency_feedback feedback;
  uint64_t elapsed_ms;
  const struct latency_figures *figures;
  const struct clock_mapping *mapping;
  bool same_clock;
  const struct latency_record *records; /* CSV and HTML only; may be NULL when `count` is 0 */
  size_t count;
  uint64_t left_out;
};

enum latency_column { LATENCY_P50, LATENCY_P99, LATENCY_P999, LATENCY_MAX, LATENCY_COLUMNS };
extern const char *const latency_column_keys[LATENCY_COLUMNS];  /* "p50_us" */
extern const char *const latency_column_names[LATENCY_COLUMNS]; /* "p50" */

/* One span as every report shows it. */
struct latency_row {
  const struct latency_span_info *info;
  uint64_t count, overlaps, bound_ns;
  struct latency_quantile columns[LATENCY_COLUMNS];
  const char *refused; /* why at least one figure is not shown; NULL: all are */
};
void latency_report_row(const struct latency_report *report, enum latency_span span, struct latency_row *row);

/* "wp_presentation is refused: its stamps stand still", for the HUD too. */
#define LATENCY_FEEDBACK_BYTES 160u
void latency_feedback_text(const struct latency_feedback *feedback, char text[LATENCY_FEEDBACK_BYTES]);

void latency_report_text(const struct latency_report *report, FILE *out);
void latency_report_json(const struct latency_report *report, FILE *out);
void latency_report_csv(const struct latency_report *report, FILE *out);
void latency_report_html(const struct latency_report *report, FILE *out);

/* {"publish_to_seen": {...}, ...}: the same as in the JSON report, for those who embed it. */
void latency_report_stages_json(const struct latency_report *report, FILE *out);

#endif
