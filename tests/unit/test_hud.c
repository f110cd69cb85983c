/* The HUD's graph: what it is made of, where its rectangles lie, whatever the figures are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/hud.h"
#include "host/app/hud_graph.h"
#include "host/present/overlay_graph.h"

#include <string.h>

#define MS UINT64_C(1000000)

static struct presenter_graph graph_of(uint64_t highest_ns, uint64_t p99_ns) {
  struct latency_graph recent = {.highest_ns = highest_ns, .p99_ns = p99_ns};
  struct presenter_graph graph;
  hud_graph_fill(&recent, &graph);
  return graph;
}

static void the_hotkey_goes_round(void **state) {
  (void)state;
  static const struct view_settings none = {0}, text = {.hud = true}, graph = {.hud_graph = true};
  assert_int_equal(hud_first_mode(&none), HUD_OFF);
  assert_int_equal(hud_first_mode(&text), HUD_TEXT);
  assert_int_equal(hud_first_mode(&graph), HUD_GRAPH);
  assert_int_equal(hud_next_mode(HUD_OFF), HUD_TEXT);
  assert_int_equal(hud_next_mode(HUD_TEXT), HUD_GRAPH);
  assert_int_equal(hud_next_mode(HUD_GRAPH), HUD_OFF);
}

static void the_scale_holds_every_stack_and_quantile(void **state) {
  (void)state;
  static const struct {
    uint64_t highest_ns, p99_ns, full_ns;
    const char *full, *half;
  } cases[] = {{0, 0, MS, "1 ms", "0.5 ms"},
               {MS, 0, MS, "1 ms", "0.5 ms"},
               {MS + 1, 0, 2 * MS, "2 ms", "1 ms"},
               {3 * MS, 2 * MS, 5 * MS, "5 ms", "2.5 ms"},
               {3 * MS, 16 * MS, 20 * MS, "20 ms", "10 ms"},
               {51 * MS, 0, 100 * MS, "100 ms", "50 ms"},
               {100 * MS, 0, 100 * MS, "100 ms", "50 ms"},
               {70000 * MS, 0, 100000 * MS, "100000 ms", "50000 ms"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct presenter_graph graph = graph_of(cases[i].highest_ns, cases[i].p99_ns);
    assert_int_equal(graph.full_ns, cases[i].full_ns);
    assert_string_equal(graph.scale_full, cases[i].full);
    assert_string_equal(graph.scale_half, cases[i].half);
  }
}

static unsigned lines_of(const char *text) {
  unsigned lines = 1;
  for (; *text; text++)
    lines += *text == '\n';
  return lines;
}

static void the_legend_has_a_line_for_each_swatch(void **state) {
  (void)state;
  struct latency_graph recent = {
      .parts_p50_ns = {10000, 1200000, 20000, 4500000}, .p99_ns = 9876543, .missed = 3, .presented = 97, .skipped = 5};
  struct presenter_graph graph;
  hud_graph_fill(&recent, &graph);
  assert_int_equal(lines_of(graph.names), PRESENTER_GRAPH_LEGEND_LINES);
  assert_int_equal(lines_of(graph.figures), PRESENTER_GRAPH_LEGEND_LINES);
  assert_non_null(strstr(graph.figures, "4.50"));
  assert_non_null(strstr(graph.figures, "9.88"));
  assert_non_null(strstr(graph.figures, " 100\n"));
  assert_string_equal(graph.figures + strlen(graph.figures) - 2, " 5");
}

/* Every item lies inside the panel, and none is more than there is room for. */
static void check_inside(const struct presenter_graph *graph, const struct overlay_graph_texts *texts, uint32_t window_width) {
  struct overlay_item items[OVERLAY_GRAPH_ITEMS_MAX];
  struct overlay_graph_size size = overlay_graph_size(texts, window_width);
  uint32_t count = overlay_graph_layout(graph, texts, size, 0, 8, items);
  assert_in_range(count, 1, OVERLAY_GRAPH_ITEMS_MAX);
  for (uint32_t i = 0; i < count; i++) {
    assert_in_range(items[i].x, 0, size.width - items[i].width);
    assert_true(items[i].y >= 0 && items[i].y + (int32_t)items[i].height <= 8 + (int32_t)size.height);
  }
}

static void whatever_the_figures_are_they_fit(void **state) {
  (void)state;
  const struct text_image scale = {60, 16, NULL}, names = {160, 128, NULL}, figures = {90, 128, NULL}, none = {0};
  const struct overlay_graph_texts texts = {&scale, &scale, &names, &figures}, no_font = {&none, &none, &none, &none};
  struct latency_graph recent;
  struct presenter_graph graph;
  for (int byte = 0; byte < 256; byte += 51) {
    memset(&recent, byte, sizeof recent);
    hud_graph_fill(&recent, &graph);
    for (uint32_t width = 1; width < 2000; width += 333) {
      check_inside(&graph, &texts, width);
      check_inside(&graph, &no_font, width);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_hotkey_goes_round),
      cmocka_unit_test(the_scale_holds_every_stack_and_quantile),
      cmocka_unit_test(the_legend_has_a_line_for_each_swatch),
      cmocka_unit_test(whatever_the_figures_are_they_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
