/* What an input-to-screen test measured: trials of one sink, as durations.
 *
 * Everything is a difference of two stamps of one clock, so nothing depends on how the two clocks are related: the guest's part is measured
 * by the guest, the whole by the host, and what is neither the guest's nor the presenter's is the way there and back.
 *
 * Threads: one at a time. No allocation but in print. Control plane. */
#ifndef TRANSOM_HOST_STATS_LOOP_FIGURES_H
#define TRANSOM_HOST_STATS_LOOP_FIGURES_H

#include "common/histogram.h"
#include "host/stats/latency_trace.h"

#include <stdbool.h>
#include <stdio.h>

#define LOOP_FIGURES_SCHEMA 1
#define LOOP_SINKS_MAX 2u

struct loop_trial {
  uint64_t injected_ns, seen_ns, presented_ns;  /* host's CLOCK_MONOTONIC_RAW */
  enum latency_source source;                   /* who says when it was presented */
  uint64_t event_ns, acquired_ns, published_ns; /* guest's clock */
};

enum loop_span {
  LOOP_SPAN_WAY,     /* injected -> seen without the guest's part: sink, QEMU, the guest's driver, doorbell, our wake-up */
  LOOP_SPAN_DRAW,    /* the guest has the event -> its picture was acquired: drawn, composed, noticed */
  LOOP_SPAN_GUEST,   /* the guest has the event -> the frame is published */
  LOOP_SPAN_SEEN,    /* injected -> seen */
  LOOP_SPAN_PRESENT, /* seen -> presented */
  LOOP_SPAN_WHOLE,   /* injected -> presented */
  LOOP_SPANS
};

extern const char *const loop_span_keys[LOOP_SPANS]; /* "inject_to_seen" */

enum loop_outcome { LOOP_MEASURED, LOOP_LOST, LOOP_DISTURBED, LOOP_OUTCOMES };

struct loop_record {
  enum loop_outcome outcome;
  struct loop_trial trial; /* LOST: injected_ns alone */
};

struct loop_figures {
  const char *sink;      /* its name; lives as long */
  const char *presenter; /* as well; the owner's to set */
  uint64_t trials;       /* events sent: measured + lost + disturbed */
  uint64_t lost;         /* nothing came back in time */
  uint64_t disturbed;    /* the counter moved by more than one, or stamps contradict each other: not in the figures */
  uint64_t sources[LATENCY_SOURCE_FEEDBACK + 1]; /* of the measured ones: who says when they were presented */
  struct histogram spans[LOOP_SPANS];
  struct loop_record *records; /* the owner's, for rows and plots; NULL = none are kept */
  size_t capacity, kept;
};

void loop_figures_init(struct loop_figures *figures, const char *sink);

/* One that came back: counted as a trial, and measured, or disturbed where its stamps are in no possible order. */
void loop_figures_add(struct loop_figures *figures, const struct loop_trial *trial);
void loop_figures_lost(struct loop_figures *figures, uint64_t injected_ns);
void loop_figures_disturbed(struct loop_figures *figures, const struct loop_trial *trial);
uint64_t loop_figures_measured(const struct loop_figures *figures);

/* Nanoseconds of a measured trial. */
uint64_t loop_trial_span(const struct loop_trial *trial, enum loop_span span);

enum loop_column { LOOP_P50, LOOP_P95, LOOP_P99, LOOP_MAX, LOOP_COLUMNS };
extern const char *const loop_column_keys[LOOP_COLUMNS];  /* "p50_us" */
extern const char *const loop_column_names[LOOP_COLUMNS]; /* "p50" */

/* In microseconds. False: too few trials. */
bool loop_figures_quantile(const struct loop_figures *figures, enum loop_span span, enum loop_column column, double *us);

/* A quantile that too few trials were made for (p95: 20, p99: 100) is "-" and null. Errors are the stream's. `presenter` is its name. */
void loop_figures_text(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out);
void loop_figures_json(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out);
/* Of the records: a row a trial; a page with a plot a sink, which needs nothing else. */
void loop_figures_csv(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out);
void loop_figures_html(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out);

extern const char loop_figures_explanation[]; /* what is in it, and what is not */
extern const char *const loop_outcome_names[LOOP_OUTCOMES];

#endif
