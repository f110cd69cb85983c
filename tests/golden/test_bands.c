/* Frames uploaded while the guest still writes them: never half of one is seen. */
#include "presented.h"

#include <stdlib.h>
#include <string.h>

static const char *const band_renderers[] = {"vulkan", "vulkan-staging"};

/* Rows that come one after another; meanwhile the old picture stays whole, whatever asks for a drawing. */
static void publish_in_bands(uint32_t i, bool completes) {
  struct test_publisher *publisher = &current->publisher;
  uint64_t shown = current->viewers[0].sequence;
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, (uint16_t)publisher->width, (uint16_t)publisher->height}));
  for (uint32_t rows = 0; rows < publisher->height; rows += 50) {
    test_publisher_rows(publisher, rows);
    cursor_writer_move(&publisher->cursor, (int32_t)(rows + i), 20, false, 0);
    window_pass_time(current);
  }
  assert_int_equal(current->viewers[0].sequence, shown);
  if (completes)
    test_publisher_complete(publisher);
  else
    test_publisher_abandon(publisher);
}

static void bands_are_shown_whole(const char *renderer) {
  presented_start(renderer, "dma-buf", "bands");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (uint32_t i = 0; i < 6; i++) {
    publish_in_bands(i, true);
    window_assert_seen(current, 0, window_one_to_one(current));
    presented_see_some_frames(1);
  }
  WAIT_FOR(current, current->viewers[0].banded >= 6);
  assert_int_equal(current->viewers[0].torn + current->viewers[0].bad, 0);
}

static void bands_are_shown_whole_by_import(void **state) {
  (void)state;
  bands_are_shown_whole(band_renderers[0]);
}

static void bands_are_shown_whole_by_staging(void **state) {
  (void)state;
  bands_are_shown_whole(band_renderers[1]);
}

/* An agent that dies in the middle of a frame, or gives it up: the picture before stays, without one pixel of the other. */
static void half_a_frame_is_never_seen(void **state) {
  (void)state;
  struct test_publisher *publisher = &current->publisher;
  presented_start("vulkan", NULL, "half frames");
  window_assert_seen(current, 0, window_one_to_one(current));
  uint64_t *before = malloc(sizeof *before * publisher->width * publisher->height);
  assert_non_null(before);
  memcpy(before, publisher->screen, sizeof *before * publisher->width * publisher->height);
  publish_in_bands(0, false);
  uint64_t *drawn = publisher->screen;
  publisher->screen = before;
  for (int i = 0; i < 10; i++) {
    x_display_place(&current->display, current->windows[0], i, i, 640, 400);
    window_assert_pixels(current, 0, window_one_to_one(current), NULL);
  }
  publisher->screen = drawn; /* the next frame carries what the abandoned one changed */
  free(before);
  presented_see_some_frames(3);
}

/* A guest that stops in the middle of a frame and goes on later. */
static void stalled_frame_is_taken_when_complete(void **state) {
  (void)state;
  presented_start("vulkan", NULL, "stall");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_true(test_publisher_begin(&current->publisher, (struct transom_rect){0, 0, 640, 400}));
  test_publisher_rows(&current->publisher, 200);
  uint64_t from_ms = current->viewers[0].elapsed_ms;
  WAIT_FOR(current, current->viewers[0].elapsed_ms > from_ms + 1000);
  test_publisher_complete(&current->publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(bands_are_shown_whole_by_import),
      PRESENTED_TEST(bands_are_shown_whole_by_staging),
      PRESENTED_TEST(half_a_frame_is_never_seen),
      PRESENTED_TEST(stalled_frame_is_taken_when_complete),
  };
  return presented_run("3840x2160x24", tests);
}
