#include "host/stats/loop_figures.h"

#include <inttypes.h>

const char *const loop_span_keys[LOOP_SPANS] = {"way_there_and_back", "guest_event_to_acquired", "guest_event_to_publish",
                                                "inject_to_seen",     "seen_to_present",         "inject_to_present"};

static const struct {
  const char *key;
  uint32_t per_mille;
} columns[] = {{"p50_us", 500}, {"p95_us", 950}, {"p99_us", 990}, {"max_us", 1000}};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const char explanation[] =
    "To scanout, not to photon: from the event's hand-over to the sink to the return of the presenter's last step.\n"
    "Not in it: keyboard or mouse, its USB polling and the host's evdev before; compositor, scanout and the display after.\n"
    "Only a photodiode at the screen sees those.\n";

void loop_figures_init(struct loop_figures *figures, const char *sink) {
  figures->sink = sink;
  figures->trials = figures->lost = figures->disturbed = 0;
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    histogram_clear(&figures->spans[span]);
}

/* The guest's part lies inside the host's: anything else is a guest that lies, or a clock that stood still. */
static bool is_possible(const struct loop_trial *trial) {
  return trial->injected_ns <= trial->seen_ns && trial->seen_ns <= trial->presented_ns && trial->event_ns <= trial->acquired_ns &&
         trial->acquired_ns <= trial->published_ns && trial->published_ns - trial->event_ns <= trial->seen_ns - trial->injected_ns;
}

void loop_figures_add(struct loop_figures *figures, const struct loop_trial *trial) {
  if (!is_possible(trial)) {
    loop_figures_disturbed(figures);
    return;
  }
  const uint64_t guest_ns = trial->published_ns - trial->event_ns, seen_ns = trial->seen_ns - trial->injected_ns;
  figures->trials++;
  histogram_add(&figures->spans[LOOP_SPAN_WAY], seen_ns - guest_ns);
  histogram_add(&figures->spans[LOOP_SPAN_DRAW], trial->acquired_ns - trial->event_ns);
  histogram_add(&figures->spans[LOOP_SPAN_GUEST], guest_ns);
  histogram_add(&figures->spans[LOOP_SPAN_SEEN], seen_ns);
  histogram_add(&figures->spans[LOOP_SPAN_PRESENT], trial->presented_ns - trial->seen_ns);
  histogram_add(&figures->spans[LOOP_SPAN_WHOLE], trial->presented_ns - trial->injected_ns);
}

void loop_figures_lost(struct loop_figures *figures) {
  figures->trials++;
  figures->lost++;
}

void loop_figures_disturbed(struct loop_figures *figures) {
  figures->trials++;
  figures->disturbed++;
}

uint64_t loop_figures_measured(const struct loop_figures *figures) { return figures->spans[LOOP_SPAN_WHOLE].count; }

/* A quantile needs a value beyond it: of ten trials the 99th hundredth would only be another name for the maximum. */
static bool is_enough(const struct histogram *histogram, size_t column) {
  const uint32_t beyond = 1000 - columns[column].per_mille;
  return histogram->count && histogram->count * beyond >= (beyond ? 1000 : 0);
}

static double quantile_us(const struct histogram *histogram, size_t column) {
  return (double)histogram_quantile(histogram, columns[column].per_mille) / 1000;
}

static void text_sink(const struct loop_figures *figures, FILE *out) {
  fprintf(out, "%s: %" PRIu64 " trials, %" PRIu64 " measured, %" PRIu64 " lost, %" PRIu64 " disturbed\n", figures->sink, figures->trials,
          loop_figures_measured(figures), figures->lost, figures->disturbed);
  fprintf(out, "  %-24s %10s %10s %10s %10s us\n", "", "p50", "p95", "p99", "max");
  for (unsigned span = 0; span < LOOP_SPANS && loop_figures_measured(figures); span++) {
    fprintf(out, "  %-24s", loop_span_keys[span]);
    for (size_t column = 0; column < COLUMNS; column++) {
      if (is_enough(&figures->spans[span], column))
        fprintf(out, " %10.1f", quantile_us(&figures->spans[span], column));
      else
        fprintf(out, " %10s", "-");
    }
    fputc('\n', out);
  }
}

void loop_figures_text(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out) {
  for (unsigned i = 0; i < count; i++)
    text_sink(&sinks[i], out);
  fprintf(out, "Presented by: %s\n%s", presenter, explanation);
}

static void json_sink(const struct loop_figures *figures, FILE *out) {
  fprintf(out,
          "{\"sink\":\"%s\",\"trials\":%" PRIu64 ",\"measured\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"disturbed\":%" PRIu64 ",\"stages\":{",
          figures->sink, figures->trials, loop_figures_measured(figures), figures->lost, figures->disturbed);
  for (unsigned span = 0; span < LOOP_SPANS; span++) {
    fprintf(out, "%s\"%s\":{\"count\":%" PRIu64, span ? "," : "", loop_span_keys[span], figures->spans[span].count);
    for (size_t column = 0; column < COLUMNS; column++) {
      if (is_enough(&figures->spans[span], column))
        fprintf(out, ",\"%s\":%.1f", columns[column].key, quantile_us(&figures->spans[span], column));
      else
        fprintf(out, ",\"%s\":null", columns[column].key);
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
