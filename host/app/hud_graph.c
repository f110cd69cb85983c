#include "host/app/hud_graph.h"

#include "common/bounded_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(PRESENTER_GRAPH_COLUMNS == LATENCY_RECENT_COLUMNS && PRESENTER_GRAPH_PARTS == LATENCY_RECENT_PARTS, "the same graph");

#define SCALE_LEAST_NS UINT64_C(1000000)
#define FIGURE_SPACE "\xe2\x80\x87" /* U+2007: as wide as a digit */
#define NAMES_HEADING "last 5 s, ms"

/* 1, 2, 5, 10 ... ms: the plot stands still while the figures move a little. */
static uint64_t scale_for(uint64_t highest_ns) {
  uint64_t step_ns = SCALE_LEAST_NS;
  while (step_ns * 10 < highest_ns && step_ns < UINT64_MAX / 100)
    step_ns *= 10;
  const uint64_t steps[] = {1, 2, 5};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (step_ns * steps[i] >= highest_ns)
      return step_ns * steps[i];
  return step_ns * 10;
}

/* To the right of a field of seven digits, which a font with digits of one width shows as a column. */
static void add_time(struct bounded_text *lines, uint64_t ns) {
  char text[32];
  int length = snprintf(text, sizeof text, "%.2f", (double)ns / 1e6);
  for (; length < 7; length++)
    bounded_text_add(lines, FIGURE_SPACE);
  bounded_text_add(lines, "%s", text);
}

static void add_count(struct bounded_text *lines, uint32_t count) {
  char text[16];
  int length = snprintf(text, sizeof text, "%u", count);
  for (; length < 6; length++) /* and a point, which is half as wide as a digit */
    bounded_text_add(lines, FIGURE_SPACE);
  bounded_text_add(lines, " %s", text);
}

static void add_times(struct bounded_text *lines, uint64_t p50_ns, uint64_t p99_ns) {
  bounded_text_add(lines, "\n");
  add_time(lines, p50_ns);
  add_time(lines, p99_ns);
}

static void fill_legend(const struct latency_graph *recent, struct presenter_graph *graph) {
  static const char *const names[LATENCY_RECENT_PARTS] = {"until copied from", "copy", "until submitted", "display"};
  struct bounded_text left, right;
  bounded_text_init(&left, graph->names, sizeof graph->names);
  bounded_text_init(&right, graph->figures, sizeof graph->figures);
  bounded_text_add(&left, NAMES_HEADING);
  bounded_text_add(&right, FIGURE_SPACE FIGURE_SPACE FIGURE_SPACE "p50" FIGURE_SPACE FIGURE_SPACE FIGURE_SPACE FIGURE_SPACE "p99");
  for (unsigned part = LATENCY_RECENT_PARTS; part-- > 0;) {
    bounded_text_add(&left, "\n%s", names[part]);
    add_times(&right, recent->parts_p50_ns[part], recent->parts_p99_ns[part]);
  }
  bounded_text_add(&left, "\nseen to drawn\nmissed, of all taken\nskipped");
  add_times(&right, recent->p50_ns, recent->p99_ns);
  bounded_text_add(&right, "\n");
  add_count(&right, recent->missed);
  add_count(&right, recent->missed + recent->presented);
  bounded_text_add(&right, "\n");
  add_count(&right, recent->skipped);
  assert(!left.cut && !right.cut);
}

void hud_graph_fill(const struct latency_graph *recent, struct presenter_graph *graph) {
  memset(graph, 0, sizeof *graph);
  for (uint32_t column = 0; column < LATENCY_RECENT_COLUMNS; column++) {
    memcpy(graph->columns[column].parts_ns, recent->columns[column].parts_ns, sizeof graph->columns[column].parts_ns);
    graph->columns[column].missed = recent->columns[column].missed;
    graph->columns[column].skipped = recent->columns[column].skipped;
  }
  graph->full_ns = scale_for(recent->highest_ns > recent->p99_ns ? recent->highest_ns : recent->p99_ns);
  graph->p50_ns = recent->p50_ns;
  graph->p99_ns = recent->p99_ns;
  snprintf(graph->scale_full, sizeof graph->scale_full, "%.9g ms", (double)graph->full_ns / 1e6);
  snprintf(graph->scale_half, sizeof graph->scale_half, "%.9g ms", (double)graph->full_ns / 2e6);
  fill_legend(recent, graph);
}
