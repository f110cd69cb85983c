/* The HTML report: one page that needs nothing else. Plots are SVG, made of the records; figures come from the rows. */
#include "host/stats/latency_plot.h"

#include <inttypes.h>

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:960px;padding:0 1rem;color:#1c2733;background:#fff}"
    "h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}p{max-width:80ch}.key{white-space:nowrap;margin-right:1em}"
    ".quiet{color:#5b6975}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #e3e8ec}"
    "td:first-child,th:first-child{text-align:left}td.refused{color:#9a6a00}svg{width:100%;height:auto;display:block}"
    "svg text{font:12px system-ui,sans-serif;fill:#45525e}code{background:#f1f4f6;padding:0 .25em}";

static void escaped(const char *text, FILE *out) {
  for (; *text; text++) {
    if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
      fprintf(out, "&#%d;", *text);
    else
      fputc(*text, out);
  }
}

static void head(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  fprintf(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Latency of ");
  escaped(report->domain, out);
  fprintf(out, "</title><meta name=\"viewport\" content=\"width=device-width\"><style>%s</style></head><body>\n<h1>Latency of ", style);
  escaped(report->domain, out);
  fprintf(out, "</h1>\n<p class=\"quiet\">Presenter ");
  escaped(report->presenter, out);
  fprintf(out, ", %" PRIu64 " frames in %.1f s. %" PRIu64 " skipped, %" PRIu64 " missed, %" PRIu64 " not traced.</p>\n", figures->frames,
          (double)report->elapsed_ms / 1000, figures->skipped, figures->missed, figures->lost);
}

static void clock_note(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  if (report->same_clock) {
    fprintf(out, "<p>Guest and host read the same clock, as <code>--same-clock</code> says, so one-way figures have no bound.</p>\n");
    return;
  }
  fprintf(out,
          "<p>The guest's clock was related to the host's by %" PRIu64 " exchanges, with %" PRIu64 " steps seen. Stamps of %" PRIu64
          " frames were converted, of %" PRIu64 " they are unknown, of %" PRIu64 " the nearest exchange was more than 5 s away, of %" PRIu64
          " no later exchange came. A one-way figure is true to &plusmn; its "
          "bound, and is refused when the bound is worse than 10 %% of it.</p>\n",
          report->mapping->exchanges, report->mapping->steps, figures->clocks[LATENCY_CLOCK_KNOWN], figures->clocks[LATENCY_CLOCK_UNKNOWN],
          figures->clocks[LATENCY_CLOCK_FAR], figures->clocks[LATENCY_CLOCK_WAITING]);
}

static void table_row(const struct latency_row *row, FILE *out) {
  fprintf(out, "<tr id=\"%s\"><td>%s &rarr; %s</td>", row->info->key, row->info->from, row->info->to);
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++) {
    if (row->columns[column].refused) {
      fprintf(out, "<td class=\"refused\" title=\"");
      escaped(row->refused, out);
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
  for (unsigned source = 0; source <= LATENCY_SOURCE_FEEDBACK; source++)
    if (report->figures->sources[source])
      fprintf(out, " %s (%" PRIu64 ")", latency_source_names[source], report->figures->sources[source]);
  fprintf(out, "; ");
  escaped(feedback, out);
  fprintf(out, ". None of them knows when light left a display. A negative stage is an overlap: the next stage began before it ended.</p>\n"
               "</body></html>\n");
}

void latency_report_html(const struct latency_report *report, FILE *out) {
  head(report, out);
  clock_note(report, out);
  table(report, out);
  latency_plot_distribution(report, out);
  latency_plot_over_time(report, out);
  latency_plot_worst(report, out);
  foot(report, out);
}
