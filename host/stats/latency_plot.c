#include "host/stats/latency_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define WIDTH 900
#define HEIGHT 260
#define LEFT 60
#define RIGHT 36
#define TOP 12
#define BOTTOM 36
#define BINS 60u    /* of the distribution, on a logarithmic axis */
#define COLUMNS 90u /* of time */
#define WORST 10u
#define ROW_HEIGHT 22

/* What the host can always tell, one after the other: these stack. */
static const enum latency_span stacked[] = {LATENCY_SPAN_WAIT, LATENCY_SPAN_UPLOAD, LATENCY_SPAN_SUBMIT, LATENCY_SPAN_PRESENT};
static const char *const colours[] = {"#7a8fa6", "#2f7ed8", "#e0a030", "#3aa66a"};
#define STACKED (sizeof stacked / sizeof stacked[0])

static double us(double ns) { return ns / 1000; }

/* ---- what is plotted ---- */

/* The whole way where the clocks allow it, else the host's part of it. */
static bool total_of(const struct latency_record *record, bool one_way, int64_t *ns) {
  uint64_t bound_ns;
  const uint64_t *host_ns = record->frame.host_ns;
  if (one_way)
    return latency_record_span(record, LATENCY_SPAN_PUBLISHED, ns, &bound_ns) && *ns > 0;
  *ns = (int64_t)(host_ns[LATENCY_PRESENTED] - host_ns[LATENCY_SEEN]);
  return host_ns[LATENCY_PRESENTED] && host_ns[LATENCY_SEEN] && *ns > 0 && *ns <= LATENCY_SPAN_NS_MAX;
}

static bool one_way_is_good(const struct latency_report *report) {
  struct latency_row row;
  latency_report_row(report, LATENCY_SPAN_PUBLISHED, &row);
  return row.count > 0 && !row.columns[LATENCY_P50].refused;
}

static const char *total_name(bool one_way) { return one_way ? "complete &rarr; presented" : "seen &rarr; presented (the host's part)"; }

static void svg_open(int height, const char *label, FILE *out) {
  fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, height, label);
}

static void svg_text(double x, double y, const char *anchor, const char *text, FILE *out) {
  fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, text);
}

static void rect(double x, double y, double width, double height, const char *colour, FILE *out) {
  fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", x, y, width, height, colour);
}

static void time_text(double ns, char *text, size_t capacity) {
  if (ns >= 1e9)
    snprintf(text, capacity, "%.3g s", ns / 1e9);
  else if (ns >= 1e6)
    snprintf(text, capacity, "%.3g ms", ns / 1e6);
  else
    snprintf(text, capacity, "%.3g &#181;s", us(ns));
}

static void nothing(FILE *out) { fprintf(out, "<p class=\"quiet\">No frame was presented.</p>\n"); }

static void axes(double bottom, FILE *out) {
  fprintf(out, "<path d=\"M%d %d V%.1f H%d\" fill=\"none\" stroke=\"#9aa7b2\"/>", LEFT, TOP, bottom, WIDTH - RIGHT);
}

/* ---- distribution ---- */

struct bins {
  double low, high; /* ns; whole decades */
  uint64_t counts[BINS], most, total;
};

static bool find_range(const struct latency_report *report, bool one_way, struct bins *bins) {
  int64_t ns, least = INT64_MAX, most = 0;
  for (size_t i = 0; i < report->count; i++) {
    if (!total_of(&report->records[i], one_way, &ns))
      continue;
    least = ns < least ? ns : least;
    most = ns > most ? ns : most;
  }
  bins->low = pow(10, floor(log10((double)least)));
  bins->high = pow(10, floor(log10((double)(most ? most : 1))) + 1);
  return most > 0;
}

static void fill_bins(const struct latency_report *report, bool one_way, struct bins *bins) {
  double decades = log10(bins->high / bins->low);
  for (size_t i = 0; i < report->count; i++) {
    int64_t ns;
    if (!total_of(&report->records[i], one_way, &ns))
      continue;
    uint32_t bin = (uint32_t)(log10((double)ns / bins->low) / decades * BINS);
    uint64_t *count = &bins->counts[bin < BINS ? bin : BINS - 1];
    ++*count;
    bins->total++;
    bins->most = *count > bins->most ? *count : bins->most;
  }
}

static void decade_marks(const struct bins *bins, double bottom, FILE *out) {
  double width = WIDTH - LEFT - RIGHT, decades = log10(bins->high / bins->low);
  for (double at = 0; at <= decades + 0.001; at++) {
    char text[32];
    double x = LEFT + at / decades * width;
    time_text(bins->low * pow(10, at), text, sizeof text);
    fprintf(out, "<path d=\"M%.1f %.1f v5\" stroke=\"#9aa7b2\"/>", x, bottom);
    svg_text(x, bottom + 20, "middle", text, out);
  }
}

/* Where the table's quantiles lie; the host's part alone has no row. */
static void quantile_marks(const struct latency_report *report, const struct bins *bins, double bottom, FILE *out) {
  static const enum latency_column marked[] = {LATENCY_P50, LATENCY_P99};
  struct latency_row row;
  latency_report_row(report, LATENCY_SPAN_PUBLISHED, &row);
  for (size_t i = 0; i < sizeof marked / sizeof *marked; i++) {
    double ns = (double)row.columns[marked[i]].ns;
    if (row.columns[marked[i]].refused || ns < bins->low)
      continue;
    double x = LEFT + log10(ns / bins->low) / log10(bins->high / bins->low) * (WIDTH - LEFT - RIGHT);
    fprintf(out, "<path d=\"M%.1f %d V%.1f\" stroke=\"#1c2733\" stroke-dasharray=\"4 3\"/>", x, TOP, bottom);
    svg_text(x + 5, TOP + 10, "start", latency_column_names[marked[i]], out);
  }
}

void latency_plot_distribution(const struct latency_report *report, FILE *out) {
  bool one_way = one_way_is_good(report);
  struct bins bins = {.most = 1};
  fprintf(out, "<h2>Distribution of %s</h2>\n", total_name(one_way));
  if (!find_range(report, one_way, &bins)) {
    nothing(out);
    return;
  }
  fill_bins(report, one_way, &bins);
  double bottom = HEIGHT - BOTTOM, room = bottom - TOP, step = (double)(WIDTH - LEFT - RIGHT) / BINS;
  char text[32];
  svg_open(HEIGHT, "distribution", out);
  for (uint32_t i = 0; i < BINS; i++) {
    double height = (double)bins.counts[i] / (double)bins.most * room;
    if (bins.counts[i])
      rect(LEFT + i * step + 1, bottom - height, step - 2, height, colours[1], out);
  }
  axes(bottom, out);
  decade_marks(&bins, bottom, out);
  if (one_way)
    quantile_marks(report, &bins, bottom, out);
  snprintf(text, sizeof text, "%" PRIu64, bins.most);
  svg_text(LEFT - 8, TOP + 10, "end", text, out);
  svg_text(LEFT - 8, bottom, "end", "0", out);
  fprintf(out, "</svg>\n<p class=\"quiet\">%" PRIu64 " frames; logarithmic axis.</p>\n", bins.total);
}

/* ---- stages over time ---- */

struct time_column {
  double sums[STACKED];
  uint64_t frames;
};

#define BEFORE_COLOUR "#d8dee4"

static void legend(bool has_before, FILE *out) {
  fprintf(out, "<p class=\"quiet legend\">");
  if (has_before)
    fprintf(out, "<span class=\"key\"><span style=\"color:" BEFORE_COLOUR "\">&#9632;</span> until seen</span> ");
  for (size_t i = 0; i < STACKED; i++)
    fprintf(out, "<span class=\"key\"><span style=\"color:%s\">&#9632;</span> %s &rarr; %s</span> ", colours[i],
            latency_spans[stacked[i]].from, latency_spans[stacked[i]].to);
  fprintf(out, "</p>\n");
}

/* Negative ones stack as nothing: the table counts them. */
static double part_of(const struct latency_record *record, size_t part) {
  int64_t ns;
  uint64_t bound_ns;
  return latency_record_span(record, stacked[part], &ns, &bound_ns) && ns > 0 ? (double)ns : 0;
}

static void fill_columns(const struct latency_report *report, double from, double to, struct time_column *columns) {
  for (size_t i = 0; i < report->count; i++) {
    uint64_t presented_ns = report->records[i].frame.host_ns[LATENCY_PRESENTED];
    if (!presented_ns)
      continue;
    uint32_t at = to > from ? (uint32_t)(((double)presented_ns - from) / (to - from) * COLUMNS) : 0;
    struct time_column *column = &columns[at < COLUMNS ? at : COLUMNS - 1];
    column->frames++;
    for (size_t part = 0; part < STACKED; part++)
      column->sums[part] += part_of(&report->records[i], part);
  }
}

static double height_of(const struct time_column *column) {
  double sum = 0;
  for (size_t part = 0; part < STACKED; part++)
    sum += column->sums[part];
  return column->frames ? sum / (double)column->frames : 0;
}

static void draw_columns(const struct time_column *columns, double highest, double bottom, FILE *out) {
  double step = (double)(WIDTH - LEFT - RIGHT) / COLUMNS;
  for (uint32_t i = 0; i < COLUMNS; i++) {
    double y = bottom;
    for (size_t part = 0; part < STACKED && columns[i].frames; part++) {
      double height = columns[i].sums[part] / (double)columns[i].frames / highest * (bottom - TOP);
      y -= height;
      rect(LEFT + i * step, y, step - 1, height, colours[part], out);
    }
  }
}

static bool presented_range(const struct latency_report *report, double *from, double *to) {
  bool found = false;
  for (size_t i = 0; i < report->count; i++) {
    double ns = (double)report->records[i].frame.host_ns[LATENCY_PRESENTED];
    if (ns == 0)
      continue;
    *from = found && *from < ns ? *from : ns;
    *to = found && *to > ns ? *to : ns;
    found = true;
  }
  return found;
}

void latency_plot_over_time(const struct latency_report *report, FILE *out) {
  struct time_column columns[COLUMNS] = {0};
  double from = 0, to = 0, highest = 1, bottom = HEIGHT - BOTTOM;
  char text[32];
  fprintf(out, "<h2>The host's stages over time</h2>\n");
  if (!presented_range(report, &from, &to)) {
    nothing(out);
    return;
  }
  fill_columns(report, from, to, columns);
  for (uint32_t i = 0; i < COLUMNS; i++)
    highest = fmax(highest, height_of(&columns[i]));
  svg_open(HEIGHT, "stages over time", out);
  draw_columns(columns, highest, bottom, out);
  axes(bottom, out);
  time_text(highest, text, sizeof text);
  svg_text(LEFT - 8, TOP + 10, "end", text, out);
  svg_text(LEFT, bottom + 20, "start", "0 s", out);
  time_text(to - from, text, sizeof text);
  svg_text(WIDTH - RIGHT, bottom + 20, "end", text, out);
  fprintf(out, "</svg>\n");
  legend(false, out);
  fprintf(out, "<p class=\"quiet\">Mean of the frames in each column.</p>\n");
}

/* ---- worst frames ---- */

struct worst {
  const struct latency_record *record;
  int64_t ns;
};

/* `worst` stays sorted, the longest first. */
static size_t find_worst(const struct latency_report *report, bool one_way, struct worst worst[WORST]) {
  size_t count = 0;
  for (size_t i = 0; i < report->count; i++) {
    int64_t ns;
    if (!total_of(&report->records[i], one_way, &ns) || (count == WORST && ns <= worst[WORST - 1].ns))
      continue;
    size_t at = count < WORST ? count++ : WORST - 1;
    for (; at > 0 && worst[at - 1].ns < ns; at--)
      worst[at] = worst[at - 1];
    worst[at] = (struct worst){&report->records[i], ns};
  }
  return count;
}

static void draw_worst(const struct worst *worst, double scale, double y, FILE *out) {
  char text[64], time[32];
  double parts = 0, x = LEFT + 60;
  for (size_t part = 0; part < STACKED; part++)
    parts += part_of(worst->record, part);
  snprintf(text, sizeof text, "frame %" PRIu64, worst->record->frame.sequence);
  svg_text(LEFT + 52, y + 14, "end", text, out);
  double before = (double)worst->ns - parts; /* in the guest, and until it was seen */
  if (before > 0) {
    rect(x, y + 2, before * scale, ROW_HEIGHT - 6, BEFORE_COLOUR, out);
    x += before * scale;
  }
  for (size_t part = 0; part < STACKED; part++) {
    double width = part_of(worst->record, part) * scale;
    rect(x, y + 2, width, ROW_HEIGHT - 6, colours[part], out);
    x += width;
  }
  time_text((double)worst->ns, time, sizeof time);
  svg_text(x + 6, y + 14, "start", time, out);
}

void latency_plot_worst(const struct latency_report *report, FILE *out) {
  bool one_way = one_way_is_good(report);
  struct worst worst[WORST];
  size_t count = find_worst(report, one_way, worst);
  fprintf(out, "<h2>The worst frames, %s</h2>\n", total_name(one_way));
  if (count == 0) {
    nothing(out);
    return;
  }
  double scale = (WIDTH - LEFT - 60 - RIGHT - 80) / (double)worst[0].ns;
  svg_open((int)count * ROW_HEIGHT + 8, "worst frames", out);
  for (size_t i = 0; i < count; i++)
    draw_worst(&worst[i], scale, (double)i * ROW_HEIGHT, out);
  fprintf(out, "</svg>\n");
  legend(one_way, out);
}
