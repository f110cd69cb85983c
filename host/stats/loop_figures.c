#include "host/stats/loop_figures.h"

#include "host/stats/latency_figures.h"

#include <inttypes.h>

const char *const loop_span_keys[LOOP_SPANS] = {"way_there_and_back", "guest_event_to_acquired", "guest_event_to_publish",
                                                "inject_to_seen",     "seen_to_present",         "inject_to_present"};

const char *const loop_column_keys[LOOP_COLUMNS] = {"p50_us", "p95_us", "p99_us", "max_us"};
const char *const loop_column_names[LOOP_COLUMNS] = {"p50", "p95", "p99", "max"};
static const uint32_t column_per_mille[LOOP_COLUMNS] = {500, 950, 990, 1000};

const char *const loop_outcome_names[LOOP_OUTCOMES] = {"measured", "lost", "disturbed"};

const char loop_figures_explanation[] =
    "To scanout, not to photon: from the event's hand-over to the sink to what \"presented\" means for who told. Headless and call end "
    "with\n"
    "the presenter's last step, before any compositor; feedback is when the window system says that it was shown.\n"
    "Not in it: keyboard or mouse, its USB polling and the host's evdev before; the display after.\n"
    "Only a photodiode at the screen sees those.\n";

void loop_figures_init(struct loop_figures *figures, const char *sink) {
  figures->sink = sink;
  figures->trials = figures->lost = figures->disturbed = figures->kept = 0;
  for (unsigned source = 0; source <= LATENCY_SOURCE_FEEDBACK; source++)
    figures->sources[source] = 0;
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    histogram_clear(&figures->spans[span]);
}

/* The guest's part lies inside the host's: anything else is a guest that lies, or a clock that stood still. */
static bool is_possible(const struct loop_trial *trial) {
  return trial->injected_ns <= trial->seen_ns && trial->seen_ns <= trial->presented_ns && trial->event_ns <= trial->acquired_ns &&
         trial->acquired_ns <= trial->published_ns && trial->published_ns - trial->event_ns <= trial->seen_ns - trial->injected_ns;
}

uint64_t loop_trial_span(const struct loop_trial *trial, enum loop_span span) {
  const uint64_t guest_ns = trial->published_ns - trial->event_ns, seen_ns = trial->seen_ns - trial->injected_ns;
  const uint64_t spans[LOOP_SPANS] = {[LOOP_SPAN_WAY] = seen_ns - guest_ns,
                                      [LOOP_SPAN_DRAW] = trial->acquired_ns - trial->event_ns,
                                      [LOOP_SPAN_GUEST] = guest_ns,
                                      [LOOP_SPAN_SEEN] = seen_ns,
                                      [LOOP_SPAN_PRESENT] = trial->presented_ns - trial->seen_ns,
                                      [LOOP_SPAN_WHOLE] = trial->presented_ns - trial->injected_ns};
  return spans[span];
}

static void keep(struct loop_figures *figures, enum loop_outcome outcome, const struct loop_trial *trial) {
  figures->trials++;
  if (figures->records && figures->kept < figures->capacity)
    figures->records[figures->kept++] = (struct loop_record){outcome, *trial};
}

void loop_figures_add(struct loop_figures *figures, const struct loop_trial *trial) {
  if (!is_possible(trial)) {
    loop_figures_disturbed(figures, trial);
    return;
  }
  keep(figures, LOOP_MEASURED, trial);
  figures->sources[trial->source]++;
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    histogram_add(&figures->spans[span], loop_trial_span(trial, (enum loop_span)span));
}

void loop_figures_lost(struct loop_figures *figures, uint64_t injected_ns) {
  keep(figures, LOOP_LOST, &(struct loop_trial){.injected_ns = injected_ns});
  figures->lost++;
}

void loop_figures_disturbed(struct loop_figures *figures, const struct loop_trial *trial) {
  keep(figures, LOOP_DISTURBED, trial);
  figures->disturbed++;
}

uint64_t loop_figures_measured(const struct loop_figures *figures) { return figures->spans[LOOP_SPAN_WHOLE].count; }

/* A quantile needs a value beyond it: of ten trials the 99th hundredth would only be another name for the maximum. */
bool loop_figures_quantile(const struct loop_figures *figures, enum loop_span span, enum loop_column column, double *us) {
  const struct histogram *histogram = &figures->spans[span];
  const uint32_t beyond = 1000 - column_per_mille[column];
  if (!histogram->count || histogram->count * beyond < (beyond ? 1000 : 0))
    return false;
  *us = (double)histogram_quantile(histogram, column_per_mille[column]) / 1000;
  return true;
}

static void text_sink(const struct loop_figures *figures, FILE *out) {
  fprintf(out, "%s: %" PRIu64 " trials, %" PRIu64 " measured, %" PRIu64 " lost, %" PRIu64 " disturbed\n", figures->sink, figures->trials,
          loop_figures_measured(figures), figures->lost, figures->disturbed);
  fprintf(out, "  presented, as told by:");
  for (unsigned source = LATENCY_SOURCE_HEADLESS; source <= LATENCY_SOURCE_FEEDBACK; source++)
    if (figures->sources[source])
      fprintf(out, " %s (%" PRIu64 ")", latency_source_names[source], figures->sources[source]);
  fprintf(out, "\n  %-24s %10s %10s %10s %10s us\n", "", "p50", "p95", "p99", "max");
  for (unsigned span = 0; span < LOOP_SPANS && loop_figures_measured(figures); span++) {
    fprintf(out, "  %-24s", loop_span_keys[span]);
    for (unsigned column = 0; column < LOOP_COLUMNS; column++) {
      double us;
      if (loop_figures_quantile(figures, (enum loop_span)span, (enum loop_column)column, &us))
        fprintf(out, " %10.1f", us);
      else
        fprintf(out, " %10s", "-");
    }
    fputc('\n', out);
  }
}

void loop_figures_text(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out) {
  for (unsigned i = 0; i < count; i++)
    text_sink(&sinks[i], out);
  fprintf(out, "Presented by: %s\n%s", presenter, loop_figures_explanation);
}

static void json_sink(const struct loop_figures *figures, FILE *out) {
  fprintf(out,
          "{\"sink\":\"%s\",\"trials\":%" PRIu64 ",\"measured\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"disturbed\":%" PRIu64
          ",\"presented_by\":{",
          figures->sink, figures->trials, loop_figures_measured(figures), figures->lost, figures->disturbed);
  for (unsigned source = LATENCY_SOURCE_HEADLESS; source <= LATENCY_SOURCE_FEEDBACK; source++)
    fprintf(out, "%s\"%s\":%" PRIu64, source > LATENCY_SOURCE_HEADLESS ? "," : "", latency_source_names[source], figures->sources[source]);
  fprintf(out, "},\"stages\":{");
  for (unsigned span = 0; span < LOOP_SPANS; span++) {
    fprintf(out, "%s\"%s\":{\"count\":%" PRIu64, span ? "," : "", loop_span_keys[span], figures->spans[span].count);
    for (unsigned column = 0; column < LOOP_COLUMNS; column++) {
      double us;
      if (loop_figures_quantile(figures, (enum loop_span)span, (enum loop_column)column, &us))
        fprintf(out, ",\"%s\":%.1f", loop_column_keys[column], us);
      else
        fprintf(out, ",\"%s\":null", loop_column_keys[column]);
    }
    fputc('}', out);
  }
  fprintf(out, "}}");
}

void loop_figures_json(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out) {
  fprintf(out, "{\"schema\":%d,\"ends_at\":\"scanout\",\"presenter\":\"%s\",\"sinks\":[", LOOP_FIGURES_SCHEMA, presenter);
  for (unsigned i = 0; i < count; i++) {
    if (i)
      fputc(',', out);
    json_sink(&sinks[i], out);
  }
  fprintf(out, "]}\n");
}
