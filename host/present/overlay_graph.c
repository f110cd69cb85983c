#include "host/present/overlay_graph.h"

#include <assert.h>

#define PLOT_WIDTH (PRESENTER_GRAPH_COLUMNS * OVERLAY_GRAPH_COLUMN_PIXELS)
#define MARKS_HEIGHT (2u * OVERLAY_GRAPH_MARKS_MAX * OVERLAY_GRAPH_MARK_PIXELS)
#define AXIS_PIXELS 1u
#define TICK_PIXELS 9u
#define GAP_PIXELS 8u
#define LEGEND_GAP_PIXELS 18u
#define SWATCH_PIXELS 11u

struct colour {
  uint8_t red, green, blue, alpha;
};

/* As in the page of `transom latency --html`. */
static const struct colour parts[PRESENTER_GRAPH_PARTS] = {
    {0x7a, 0x8f, 0xa6, 255}, {0x2f, 0x7e, 0xd8, 255}, {0xe0, 0xa0, 0x30, 255}, {0x3a, 0xa6, 0x6a, 255}};
static const struct colour whole = {255, 255, 255, 255}, missed = {0xe5, 0x48, 0x4d, 255}, skipped = {0xb0, 0x7c, 0xf0, 255};
static const struct colour axis = {150, 160, 170, 255}, grid = {150, 160, 170, 70}, quantile = {255, 255, 255, 110};
static const struct colour words = {220, 228, 235, 255};

struct list {
  struct overlay_item *items;
  uint32_t count;
};

static void add(struct list *list, enum overlay_text text, int32_t x, int32_t y, uint32_t width, uint32_t height, struct colour colour) {
  assert(list->count < OVERLAY_GRAPH_ITEMS_MAX);
  if (width && height)
    list->items[list->count++] = (struct overlay_item){x, y, width, height, colour.red, colour.green, colour.blue, colour.alpha, text};
}

static void add_plain(struct list *list, int32_t x, int32_t y, uint32_t width, uint32_t height, struct colour colour) {
  add(list, OVERLAY_PLAIN, x, y, width, height, colour);
}

static void add_text(struct list *list, enum overlay_text which, const struct text_image *image, int32_t x, int32_t y) {
  add(list, which, x, y, image->width, image->height, words);
}

static uint32_t widest(uint32_t one, uint32_t other) { return one > other ? one : other; }

static uint32_t scale_width(const struct overlay_graph_texts *texts) {
  return widest(texts->scale_full->width, texts->scale_half->width) + GAP_PIXELS;
}

static uint32_t legend_width(const struct overlay_graph_texts *texts) {
  return SWATCH_PIXELS + GAP_PIXELS + texts->names->width + LEGEND_GAP_PIXELS + texts->figures->width;
}

static uint32_t plot_height(void) { return OVERLAY_GRAPH_PLOT_PIXELS + AXIS_PIXELS + MARKS_HEIGHT; }

struct overlay_graph_size overlay_graph_size(const struct overlay_graph_texts *texts, uint32_t window_width) {
  uint32_t plot = scale_width(texts) + PLOT_WIDTH + TICK_PIXELS, legend = legend_width(texts), names = texts->names->height;
  if (plot + LEGEND_GAP_PIXELS + legend <= window_width)
    return (struct overlay_graph_size){plot + LEGEND_GAP_PIXELS + legend, widest(plot_height(), names), false};
  return (struct overlay_graph_size){widest(plot, legend), plot_height() + GAP_PIXELS + names, true};
}

/* Rounded where the stack ends, not part by part: so the parts of a column are as high together as their sum. */
static uint32_t pixels_of(uint64_t ns, uint64_t full_ns) {
  uint64_t pixels = full_ns ? (ns * OVERLAY_GRAPH_PLOT_PIXELS + full_ns / 2) / full_ns : 0;
  return pixels < OVERLAY_GRAPH_PLOT_PIXELS ? (uint32_t)pixels : OVERLAY_GRAPH_PLOT_PIXELS;
}

static uint32_t mark_height(uint32_t frames) {
  return (frames < OVERLAY_GRAPH_MARKS_MAX ? frames : OVERLAY_GRAPH_MARKS_MAX) * OVERLAY_GRAPH_MARK_PIXELS;
}

/* `base`: the row of the axis. */
static void add_column(struct list *list, const struct presenter_graph *graph, uint32_t column, int32_t x, int32_t base) {
  uint64_t sum_ns = 0;
  uint32_t from = 0;
  for (unsigned part = 0; part < PRESENTER_GRAPH_PARTS; part++) {
    sum_ns += graph->columns[column].parts_ns[part];
    uint32_t to = pixels_of(sum_ns, graph->full_ns);
    add_plain(list, x, base - (int32_t)to, OVERLAY_GRAPH_BAR_PIXELS, to - from, parts[part]);
    from = to;
  }
  uint32_t lost = mark_height(graph->columns[column].missed);
  int32_t below = base + (int32_t)AXIS_PIXELS;
  add_plain(list, x, below, OVERLAY_GRAPH_BAR_PIXELS, lost, missed);
  add_plain(list, x, below + (int32_t)lost, OVERLAY_GRAPH_BAR_PIXELS, mark_height(graph->columns[column].skipped), skipped);
}

/* Faint across the plot, behind the bars, and a tick beside it. */
static void add_quantile(struct list *list, uint64_t ns, uint64_t full_ns, int32_t x, int32_t base) {
  int32_t row = base - (int32_t)pixels_of(ns, full_ns);
  if (!ns)
    return;
  add_plain(list, x, row, PLOT_WIDTH, 1, quantile);
  add_plain(list, x + (int32_t)PLOT_WIDTH, row - 1, TICK_PIXELS, 2, whole);
}

static void add_plot(struct list *list, const struct presenter_graph *graph, const struct overlay_graph_texts *texts, int32_t x,
                     int32_t y) {
  int32_t left = x + (int32_t)scale_width(texts), base = y + (int32_t)OVERLAY_GRAPH_PLOT_PIXELS;
  int32_t half = y + (int32_t)OVERLAY_GRAPH_PLOT_PIXELS / 2, scale_end = left - (int32_t)GAP_PIXELS;
  add_text(list, OVERLAY_SCALE_FULL, texts->scale_full, scale_end - (int32_t)texts->scale_full->width,
           y - (int32_t)texts->scale_full->height / 4);
  add_text(list, OVERLAY_SCALE_HALF, texts->scale_half, scale_end - (int32_t)texts->scale_half->width,
           half - (int32_t)texts->scale_half->height / 2);
  add_plain(list, left, y, PLOT_WIDTH, 1, grid);
  add_plain(list, left, half, PLOT_WIDTH, 1, grid);
  add_quantile(list, graph->p50_ns, graph->full_ns, left, base);
  add_quantile(list, graph->p99_ns, graph->full_ns, left, base);
  for (uint32_t column = 0; column < PRESENTER_GRAPH_COLUMNS; column++)
    add_column(list, graph, column, left + (int32_t)(column * OVERLAY_GRAPH_COLUMN_PIXELS), base);
  add_plain(list, left, base, PLOT_WIDTH, AXIS_PIXELS, axis);
}

/* In the middle of the legend's line; the whole has its line's colour, and a line's height. */
static void add_swatch(struct list *list, const struct overlay_graph_texts *texts, uint32_t line, int32_t x, int32_t y, uint32_t height,
                       struct colour colour) {
  int32_t middle = y + (int32_t)((2 * line + 1) * texts->names->height / (2 * PRESENTER_GRAPH_LEGEND_LINES));
  add_plain(list, x, middle - (int32_t)height / 2, SWATCH_PIXELS, height, colour);
}

static void add_legend(struct list *list, const struct overlay_graph_texts *texts, int32_t x, int32_t y) {
  int32_t names = x + (int32_t)(SWATCH_PIXELS + GAP_PIXELS), figures = names + (int32_t)(texts->names->width + LEGEND_GAP_PIXELS);
  if (!texts->names->height)
    return;
  uint32_t line = 1; /* below the heading */
  for (unsigned part = PRESENTER_GRAPH_PARTS; part-- > 0;)
    add_swatch(list, texts, line++, x, y, SWATCH_PIXELS, parts[part]);
  add_swatch(list, texts, line++, x, y, 2, whole);
  add_swatch(list, texts, line++, x, y, SWATCH_PIXELS, missed);
  add_swatch(list, texts, line++, x, y, SWATCH_PIXELS, skipped);
  add_text(list, OVERLAY_LEGEND_NAMES, texts->names, names, y);
  add_text(list, OVERLAY_LEGEND_FIGURES, texts->figures, figures, y);
}

uint32_t overlay_graph_layout(const struct presenter_graph *graph, const struct overlay_graph_texts *texts, struct overlay_graph_size size,
                              int32_t x, int32_t y, struct overlay_item *items) {
  struct list list = {.items = items};
  add_plot(&list, graph, texts, x, y);
  if (size.legend_below)
    add_legend(&list, texts, x, y + (int32_t)(plot_height() + GAP_PIXELS));
  else
    add_legend(&list, texts, x + (int32_t)(size.width - legend_width(texts)), y);
  return list.count;
}
