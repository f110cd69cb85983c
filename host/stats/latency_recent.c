#include "host/stats/latency_recent.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(LATENCY_RECENT_PARTS == LATENCY_PRESENTED - LATENCY_SEEN, "a part lies between two stages of the host");

/* The frame's column, emptied if it was an older one's. NULL: it comes too late. */
static struct latency_recent_column *column_of(struct latency_recent *recent, uint64_t ns) {
  uint64_t number = ns / LATENCY_RECENT_COLUMN_NS;
  struct latency_recent_column *column = &recent->columns[number % LATENCY_RECENT_COLUMNS];
  if (number < column->number)
    return NULL;
  if (number > column->number)
    *column = (struct latency_recent_column){.number = number};
  return column;
}

static void add_presented(struct latency_recent *recent, struct latency_recent_column *column, const uint64_t *host_ns) {
  column->presented++;
  struct latency_recent_frame *kept = &recent->frames[recent->next++ % LATENCY_RECENT_FRAMES];
  for (unsigned part = 0; part < LATENCY_RECENT_PARTS; part++) {
    kept->parts_ns[part] = host_ns[part + 1] > host_ns[part] ? host_ns[part + 1] - host_ns[part] : 0;
    column->sums_ns[part] += kept->parts_ns[part];
  }
  uint64_t seen_ns = host_ns[LATENCY_SEEN], presented_ns = host_ns[LATENCY_PRESENTED];
  kept->presented_ns = presented_ns;
  kept->took_ns = presented_ns > seen_ns ? presented_ns - seen_ns : 0;
}

void latency_recent_add(struct latency_recent *recent, const struct latency_frame *frame) {
  bool is_presented = frame->source != LATENCY_SOURCE_NONE;
  struct latency_recent_column *column =
      column_of(recent, is_presented ? frame->host_ns[LATENCY_PRESENTED] : frame->host_ns[LATENCY_UPLOADED]);
  if (!column)
    return;
  column->skipped += (uint32_t)(frame->skipped < UINT32_MAX ? frame->skipped : UINT32_MAX);
  if (is_presented)
    add_presented(recent, column, frame->host_ns);
  else
    column->missed++;
}

static int by_size(const void *a, const void *b) {
  uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
  return (one > other) - (one < other);
}

/* Of one part, or with LATENCY_RECENT_PARTS of all together. */
static void find_quantiles(const struct latency_recent *recent, uint64_t since_ns, unsigned part, uint64_t *p50_ns, uint64_t *p99_ns) {
  uint64_t sorted[LATENCY_RECENT_FRAMES];
  size_t count = 0;
  for (uint32_t i = 0; i < LATENCY_RECENT_FRAMES; i++) {
    const struct latency_recent_frame *frame = &recent->frames[i];
    if (frame->presented_ns && frame->presented_ns >= since_ns)
      sorted[count++] = part < LATENCY_RECENT_PARTS ? frame->parts_ns[part] : frame->took_ns;
  }
  if (count == 0)
    return;
  qsort(sorted, count, sizeof sorted[0], by_size);
  *p50_ns = sorted[(count * 50 + 99) / 100 - 1];
  *p99_ns = sorted[(count * 99 + 99) / 100 - 1];
}

static void fill_column(const struct latency_recent_column *column, uint32_t at, struct latency_graph *graph) {
  uint64_t height_ns = 0;
  for (unsigned part = 0; part < LATENCY_RECENT_PARTS && column->presented; part++) {
    graph->columns[at].parts_ns[part] = column->sums_ns[part] / column->presented;
    height_ns += graph->columns[at].parts_ns[part];
  }
  graph->columns[at].presented = column->presented;
  graph->columns[at].missed = column->missed;
  graph->columns[at].skipped = column->skipped;
  graph->highest_ns = height_ns > graph->highest_ns ? height_ns : graph->highest_ns;
  graph->presented += column->presented;
  graph->missed += column->missed;
  graph->skipped += column->skipped;
}

void latency_recent_graph(const struct latency_recent *recent, uint64_t now_ns, struct latency_graph *graph) {
  uint64_t newest = now_ns / LATENCY_RECENT_COLUMN_NS, oldest = newest < LATENCY_RECENT_COLUMNS ? 0 : newest - LATENCY_RECENT_COLUMNS + 1;
  memset(graph, 0, sizeof *graph);
  for (uint32_t at = 0; at < LATENCY_RECENT_COLUMNS; at++) {
    const struct latency_recent_column *column = &recent->columns[(oldest + at) % LATENCY_RECENT_COLUMNS];
    if (column->number == oldest + at)
      fill_column(column, at, graph);
  }
  uint64_t since_ns = oldest * LATENCY_RECENT_COLUMN_NS;
  find_quantiles(recent, since_ns, LATENCY_RECENT_PARTS, &graph->p50_ns, &graph->p99_ns);
  for (unsigned part = 0; part < LATENCY_RECENT_PARTS; part++)
    find_quantiles(recent, since_ns, part, &graph->parts_p50_ns[part], &graph->parts_p99_ns[part]);
}
