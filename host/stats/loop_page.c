/* The input-to-screen test's trials as rows and as a page. */
#include "host/stats/latency_figures.h"
#include "host/stats/latency_page.h"
#include "host/stats/loop_figures.h"

#include <inttypes.h>
#include <math.h>

#define WIDTH 900
#define LEFT 60
#define RIGHT 36
#define PLOT_HEIGHT 130
#define PLOT_TOP 14
#define AXIS_HEIGHT 28
#define BINS 60u
#define BAR_HEIGHT 30
#define TICKS 5

/* These three are the whole, one after the other. */
static const enum loop_span stacked[] = {LOOP_SPAN_WAY, LOOP_SPAN_GUEST, LOOP_SPAN_PRESENT};
static const char *const colours[] = {"#2f7ed8", "#e0a030", "#3aa66a"};
#define STACKED (sizeof stacked / sizeof stacked[0])

/* ---- rows ---- */

static void csv_stamp(uint64_t ns, FILE *out) {
  if (ns)
    fprintf(out, ",%" PRIu64, ns);
  else
    fputc(',', out);
}

static void csv_record(const char *sink, size_t number, const struct loop_record *record, FILE *out) {
  const struct loop_trial *trial = &record->trial;
  fprintf(out, "%s,%zu,%s,%s", sink, number, loop_outcome_names[record->outcome], latency_source_names[trial->source]);
  const uint64_t stamps[] = {trial->injected_ns, trial->seen_ns,     trial->presented_ns,
                             trial->event_ns,    trial->acquired_ns, trial->published_ns};
  for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++)
    csv_stamp(stamps[i], out);
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    csv_stamp(record->outcome == LOOP_MEASURED ? loop_trial_span(trial, (enum loop_span)span) : 0, out);
  fputc('\n', out);
}

void loop_figures_csv(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out) {
  (void)presenter; /* which source told is in every row */
  fprintf(out, "sink,trial,outcome,presented_by,injected_ns,seen_ns,presented_ns,event_guest_ns,acquired_guest_ns,published_guest_ns");
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    fprintf(out, ",%s_ns", loop_span_keys[span]);
  fputc('\n', out);
  for (unsigned i = 0; i < count; i++)
    for (size_t number = 0; number < sinks[i].kept; number++)
      csv_record(sinks[i].sink, number + 1, &sinks[i].records[number], out);
}

/* ---- the page ---- */

static double whole_of(const struct loop_record *record) {
  return record->outcome == LOOP_MEASURED ? (double)loop_trial_span(&record->trial, LOOP_SPAN_WHOLE) : -1;
}

/* The next round number: where an axis ends. */
static double round_up(double ns) {
  const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
  double decade = pow(10, floor(log10(ns > 1 ? ns : 1)));
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (steps[i] * decade >= ns)
      return steps[i] * decade;
  return 10 * decade;
}

static double longest_of(const struct loop_figures *sinks, unsigned count) {
  double longest = 1e6;
  for (unsigned i = 0; i < count; i++)
    for (size_t number = 0; number < sinks[i].kept; number++)
      longest = fmax(longest, whole_of(&sinks[i].records[number]));
  return longest;
}

static double x_of(double ns, double full) { return LEFT + ns / full * (WIDTH - LEFT - RIGHT); }

static void axis(double full, double bottom, FILE *out) {
  fprintf(out, "<path d=\"M%d %.1f H%d\" stroke=\"#9aa7b2\"/>", LEFT, bottom, WIDTH - RIGHT);
  for (int tick = 0; tick <= TICKS; tick++) {
    double ns = full * tick / TICKS;
    fprintf(out, "<path d=\"M%.1f %.1f v5\" stroke=\"#9aa7b2\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3g ms</text>",
            x_of(ns, full), bottom, x_of(ns, full), bottom + 18, ns / 1e6);
  }
}

/* The means add up to the whole's, which quantiles do not. */
static void stack(const struct loop_figures *figures, double y, double full, FILE *out) {
  double x = LEFT, sums[STACKED] = {0};
  double measured = (double)loop_figures_measured(figures);
  for (size_t number = 0; number < figures->kept; number++)
    for (size_t part = 0; part < STACKED && figures->records[number].outcome == LOOP_MEASURED; part++)
      sums[part] += (double)loop_trial_span(&figures->records[number].trial, stacked[part]);
  fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 8, y + 18, figures->sink);
  for (size_t part = 0; part < STACKED && measured > 0; part++) {
    double width = sums[part] / measured / full * (WIDTH - LEFT - RIGHT);
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", x, y, width, BAR_HEIGHT - 8, colours[part]);
    x += width;
  }
}

static double highest_mean(const struct loop_figures *sinks, unsigned count) {
  double highest = 1e6;
  for (unsigned i = 0; i < count; i++) {
    double sum = 0;
    for (size_t number = 0; number < sinks[i].kept; number++)
      sum += fmax(0, whole_of(&sinks[i].records[number]));
    if (loop_figures_measured(&sinks[i]))
      highest = fmax(highest, sum / (double)loop_figures_measured(&sinks[i]));
  }
  return highest;
}

static void comparison(const struct loop_figures *sinks, unsigned count, FILE *out) {
  double full = round_up(highest_mean(sinks, count)), bottom = (double)count * BAR_HEIGHT + 4;
  fprintf(out, "<h2>Where the time goes, on average</h2>\n<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"mean of each part\">",
          WIDTH, bottom + AXIS_HEIGHT);
  for (unsigned i = 0; i < count; i++)
    stack(&sinks[i], (double)i * BAR_HEIGHT, full, out);
  axis(full, bottom, out);
  fprintf(out, "</svg>\n<p class=\"quiet legend\">");
  for (size_t part = 0; part < STACKED; part++)
    fprintf(out, "<span class=\"key\"><span style=\"color:%s\">&#9632;</span> %s</span> ", colours[part], loop_span_keys[stacked[part]]);
  fprintf(out, "</p>\n");
}

static void quantile_marks(const struct loop_figures *figures, double full, double bottom, FILE *out) {
  for (unsigned column = LOOP_P50; column <= LOOP_P99; column++) {
    double us;
    if (!loop_figures_quantile(figures, LOOP_SPAN_WHOLE, (enum loop_column)column, &us))
      continue;
    double x = x_of(us * 1000, full);
    fprintf(
        out,
        "<path d=\"M%.1f %d V%.1f\" stroke=\"#1c2733\" stroke-dasharray=\"4 3\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"start\">%s</text>",
        x, PLOT_TOP, bottom, x + 4, PLOT_TOP + 10 + 12 * (int)column, loop_column_names[column]);
  }
}

static void distribution(const struct loop_figures *figures, double full, FILE *out) {
  unsigned bins[BINS] = {0}, most = 1;
  double bottom = PLOT_TOP + PLOT_HEIGHT, step = (double)(WIDTH - LEFT - RIGHT) / BINS;
  for (size_t number = 0; number < figures->kept; number++) {
    double ns = whole_of(&figures->records[number]);
    unsigned bin = ns < 0 ? BINS : (unsigned)(ns / full * BINS);
    if (ns >= 0 && ++bins[bin < BINS ? bin : BINS - 1] > most)
      most = bins[bin < BINS ? bin : BINS - 1];
  }
  fprintf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"distribution by %s\">", WIDTH, bottom + AXIS_HEIGHT, figures->sink);
  for (unsigned bin = 0; bin < BINS; bin++) {
    double height = (double)bins[bin] / most * PLOT_HEIGHT;
    if (bins[bin])
      fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", LEFT + bin * step + 1, bottom - height,
              step - 2, height, colours[0]);
  }
  fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%u</text>", LEFT - 8, PLOT_TOP + 10, most);
  axis(full, bottom, out);
  quantile_marks(figures, full, bottom, out);
  fprintf(out, "</svg>\n");
}

static void table(const struct loop_figures *figures, FILE *out) {
  fprintf(out, "<table><thead><tr><th>microseconds</th>");
  for (unsigned column = 0; column < LOOP_COLUMNS; column++)
    fprintf(out, "<th>%s</th>", loop_column_names[column]);
  fprintf(out, "</tr></thead><tbody>\n");
  for (unsigned span = 0; span < LOOP_SPANS; span++) {
    fprintf(out, "<tr id=\"%s-%s\"><td>%s</td>", figures->sink, loop_span_keys[span], loop_span_keys[span]);
    for (unsigned column = 0; column < LOOP_COLUMNS; column++) {
      double us;
      if (loop_figures_quantile(figures, (enum loop_span)span, (enum loop_column)column, &us))
        fprintf(out, "<td>%.1f</td>", us);
      else
        fprintf(out, "<td class=\"quiet\">-</td>");
    }
    fprintf(out, "</tr>\n");
  }
  fprintf(out, "</tbody></table>\n");
}

static void headline(const struct loop_figures *figures, FILE *out) {
  fprintf(out, "<p class=\"headline\">");
  for (unsigned column = LOOP_P50; column <= LOOP_P99; column++) {
    double us;
    if (loop_figures_quantile(figures, LOOP_SPAN_WHOLE, (enum loop_column)column, &us))
      fprintf(out, "<span><b>%.2f ms</b> %s</span>", us / 1000, loop_column_names[column]);
  }
  fprintf(out, "from the press to presented</p>\n");
}

static void sink_section(const struct loop_figures *figures, double full, FILE *out) {
  fprintf(out, "<h2>By %s</h2>\n", figures->sink);
  headline(figures, out);
  fprintf(out,
          "<p class=\"quiet\">%" PRIu64 " trials, %" PRIu64 " measured, %" PRIu64 " lost, %" PRIu64 " disturbed. Presented, as told by:",
          figures->trials, loop_figures_measured(figures), figures->lost, figures->disturbed);
  for (unsigned source = LATENCY_SOURCE_HEADLESS; source <= LATENCY_SOURCE_FEEDBACK; source++)
    if (figures->sources[source])
      fprintf(out, " %s (%" PRIu64 ")", latency_source_names[source], figures->sources[source]);
  fprintf(out, ".</p>\n");
  distribution(figures, full, out);
  table(figures, out);
}

void loop_figures_html(const struct loop_figures *sinks, unsigned count, const char *presenter, FILE *out) {
  double full = round_up(longest_of(sinks, count));
  latency_page_open("From input to screen", out);
  fprintf(out, "<p class=\"quiet\">Presenter ");
  latency_page_text(presenter, out);
  fprintf(out, ".</p>\n");
  comparison(sinks, count, out);
  for (unsigned i = 0; i < count; i++)
    sink_section(&sinks[i], full, out);
  fprintf(out, "<p class=\"quiet\">");
  latency_page_text(loop_figures_explanation, out);
  fprintf(out, "</p>\n");
  latency_page_close(out);
}
