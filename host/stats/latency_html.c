/* The HTML report: one page that needs nothing else. Plots are SVG, made of the records; figures come from the rows. */
#include "host/stats/latency_page.h"
#include "host/stats/latency_plot.h"

#include <inttypes.h>

static void head(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  char title[320];
  snprintf(title, sizeof title, "Latency of %s", report->domain);
  latency_page_open(title, out);
  fprintf(out, "<p class=\"quiet\">Presenter ");
  latency_page_text(report->presenter, out);
  fprintf(out, ", %" PRIu64 " frames in %.1f s. %" PRIu64 " skipped, %" PRIu64 " missed, %" PRIu64 " not traced.</p>\n", figures->frames,
          (double)report->elapsed_ms / 1000, figures->skipped, figures->missed, figures->lost);
}

/* The one figure that most come for, out of the same row as the table's. */
static void headline(const struct latency_report *report, FILE *out) {
  struct latency_row row;
  latency_report_row(report, LATENCY_SPAN_PUBLISHED, &row);
  fprintf(out, "<p class=\"headline\">");
  for (unsigned column = LATENCY_P50; column <= LATENCY_P99; column++)
    if (!row.columns[column].refused)
      fprintf(out, "<span><b>%.2f ms</b> %s</span>", (double)row.columns[column].ns / 1e6, latency_column_names[column]);
  fprintf(out, "from published in the guest to presented");
  if (row.count && !report->same_clock)
    fprintf(out, ", &plusmn; %.2f ms", (double)row.bound_ns / 1e6);
  if (row.refused) {
    fprintf(out, "; refused: ");
    latency_page_text(row.refused, out);
  }
  fprintf(out, "</p>\n");
}

static void clock_frames(const char *what, uint64_t frames, FILE *out) {
  if (frames)
    fprintf(out, " Of %" PRIu64 " frames %s.", frames, what);
}

static void clock_note(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  if (report->same_clock) {
    fprintf(out, "<p>Guest and host read the same clock, as <code>--same-clock</code> says, so one-way figures have no bound.</p>\n");
    return;
  }
  fprintf(out,
          "<p>The guest's clock was related to the host's by %" PRIu64 " exchanges, with %" PRIu64 " steps seen. Stamps of %" PRIu64
          " frames were converted.",
          report->mapping->exchanges, report->mapping->steps, figures->clocks[LATENCY_CLOCK_KNOWN]);
  clock_frames("the stamps are unknown: before the first exchange, or across a step", figures->clocks[LATENCY_CLOCK_UNKNOWN], out);
  clock_frames("the nearest exchange was more than 5 s away", figures->clocks[LATENCY_CLOCK_FAR], out);
  clock_frames("no exchange came afterwards", figures->clocks[LATENCY_CLOCK_WAITING], out);
  fprintf(out, " A one-way figure is true to &plusmn; its bound, and is refused when the bound is worse than 10 %% of it.</p>\n");
}

static void table_row(const struct latency_row *row, FILE *out) {
  fprintf(out, "<tr id=\"%s\"><td>%s &rarr; %s</td>", row->info->key, row->info->from, row->info->to);
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++) {
    if (row->columns[column].refused) {
      fprintf(out, "<td class=\"refused\" title=\"");
      latency_page_text(row->refused, out);
      fprintf(out, "\">refused</td>");
    } else {
      fprintf(out, "<td>%.1f</td>", (double)row->columns[column].ns / 1000);
    }
  }
  if (row->info->one_way && row->count)
    fprintf(out, "<td>&plusmn; %.1f</td>", (double)row->bound_ns / 1000);
  else
    fprintf(out, "<td></td>");
  fprintf(out, "<td>%" PRIu64 "</td><td>%" PRIu64 "</td></tr>\n", row->overlaps, row->count);
}

static void table(const struct latency_report *report, FILE *out) {
  fprintf(out, "<h2>Stages, in microseconds</h2>\n<table><thead><tr><th>from &rarr; to</th>");
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++)
    fprintf(out, "<th>%s</th>", latency_column_names[column]);
  fprintf(out, "<th>bound</th><th>overlaps</th><th>frames</th></tr></thead><tbody>\n");
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    struct latency_row row;
    latency_report_row(report, (enum latency_span)span, &row);
    table_row(&row, out);
  }
  fprintf(out, "</tbody></table>\n");
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    struct latency_row row;
    latency_report_row(report, (enum latency_span)span, &row);
    if (!row.refused)
      continue;
    fprintf(out, "<p class=\"quiet\"><code>%s</code>: %s.</p>\n", row.info->key, row.refused);
  }
}

static void foot(const struct latency_report *report, FILE *out) {
  char feedback[LATENCY_FEEDBACK_BYTES];
  latency_feedback_text(&report->feedback, feedback);
  fprintf(out, "<p class=\"quiet\">\"Presented\" was told by:");
  for (unsigned source = LATENCY_SOURCE_HEADLESS; source <= LATENCY_SOURCE_FEEDBACK; source++)
    if (report->figures->sources[source])
      fprintf(out, " %s (%" PRIu64 ")", latency_source_names[source], report->figures->sources[source]);
  fprintf(out, "; ");
  latency_page_text(feedback, out);
  fprintf(out,
          ". None of them knows when light left a display. A negative stage is an overlap: the next stage began before it ended.</p>\n");
  latency_page_close(out);
}

void latency_report_html(const struct latency_report *report, FILE *out) {
  head(report, out);
  headline(report, out);
  clock_note(report, out);
  table(report, out);
  latency_plot_distribution(report, out);
  latency_plot_over_time(report, out);
  latency_plot_worst(report, out);
  foot(report, out);
}
