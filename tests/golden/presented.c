#include "presented.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct window_test *current;

unsigned presented_repeat(unsigned full) { return getenv("TRANSOM_LONG") ? full : full / 10; }

struct transom_rect presented_some_rect(uint32_t i) {
  return (struct transom_rect){(uint16_t)(i * 37 % 500), (uint16_t)(i * 61 % 300), (uint16_t)(20 + i % 90), (uint16_t)(10 + i % 70)};
}

void presented_start(const char *renderer, const char *fault, const char *title) {
  current->renderer = renderer;
  current->fault = fault;
  window_publish_first(current);
  window_start_viewer(current, title, NULL);
}

void presented_see_some_frames(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    test_publisher_publish(&current->publisher, presented_some_rect(i));
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

void presented_assert_way(const char *presenter, const char *rung) {
  WAIT_FOR(current, strcmp(current->viewers[0].presenter, presenter) == 0 && strcmp(current->viewers[0].rung, rung) == 0);
}

int presented_set_up(void **state) {
  (void)state;
  struct x_display display = current->display;
  *current = (struct window_test){.display = display, .renderer = "vulkan"};
  return test_publisher_init(&current->publisher) ? 0 : -1;
}

int presented_tear_down(void **state) {
  (void)state;
  if (current->viewer_count)
    window_end_viewers(current);
  window_clean_up(current);
  return 0;
}

int presented_run_group(const char *screen, const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction before,
                        CMFixtureFunction after) {
  static struct window_test test;
  if (!x_display_start(&test.display, screen)) {
    fprintf(stderr, "no Xvfb here\n");
    return 77;
  }
  current = &test;
  if (getenv("TRANSOM_TEST_FILTER"))
    cmocka_set_test_filter(getenv("TRANSOM_TEST_FILTER"));
  int failed = _cmocka_run_group_tests(name, tests, count, before, after);
  x_display_stop(&test.display);
  return failed;
}
