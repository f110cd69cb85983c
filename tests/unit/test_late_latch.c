/* The newest frame is latched as late as possible: what the guest completes between the taking of the display's image and the drawing is in
 * that picture. Orders and counts, no clock. */
#include "support/queue_fixture.h"

#include "host/present/frame_import.h"
#include "host/present/headless/presenter_headless.h"
#include "host/present/late_latch.h"

#include <stdlib.h>

struct latch_test {
  struct queue_fixture *fixture;
  struct transom_frame_reader *reader;
  struct presenter display; /* the headless presenter behind a display that has room or not */
  struct presenter_impl impl;
  struct presenter *headless;
  struct frame_import import;
  enum presenter_result room;
  unsigned published_at_acquire; /* by the guest, while we take the image */
  bool usable;
  uint64_t drawn; /* sequence in the last picture */
  unsigned acquires, takes, presents;
};

static struct latch_test *test_of(struct presenter *presenter) {
  return (struct latch_test *)((char *)presenter - offsetof(struct latch_test, display));
}

static int begin_frame(struct presenter *presenter, const struct presenter_picture *picture) {
  struct latch_test *test = test_of(presenter);
  return test->headless->impl->begin_frame(test->headless, picture);
}

static enum presenter_result upload(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                    const struct transom_rect *rects, uint32_t count) {
  struct latch_test *test = test_of(presenter);
  return test->headless->impl->upload(test->headless, pixels, pitch_bytes, rects, count);
}

static void commit(struct presenter *presenter) {
  struct latch_test *test = test_of(presenter);
  test->headless->impl->commit(test->headless);
}

static enum presenter_result acquire(struct presenter *presenter) {
  struct latch_test *test = test_of(presenter);
  assert_int_equal(test->takes, test->presents); /* before, never after */
  test->acquires++;
  for (unsigned i = 0; i < test->published_at_acquire; i++)
    queue_fixture_publish(test->fixture, NULL);
  return test->room;
}

static enum presenter_result present(struct presenter *presenter) {
  struct latch_test *test = test_of(presenter);
  test->drawn = test->import.shown.sequence;
  test->presents++;
  return PRESENTER_OK;
}

static bool take(void *user_data) {
  struct latch_test *test = user_data;
  struct transom_frame frame;
  assert_int_equal(test->acquires, test->presents + 1); /* the image is ours by now */
  test->takes++;
  frame_import_step(&test->import, test->reader, true, &frame);
  return test->usable;
}

static int set_up(void **state) {
  struct latch_test *test = calloc(1, sizeof *test);
  void *fixture;
  assert_non_null(test);
  queue_fixture_setup(&fixture);
  test->fixture = fixture;
  test->reader = queue_fixture_consumer(test->fixture, 0);
  assert_non_null(test->headless = presenter_headless_create());
  test->impl =
      (struct presenter_impl){.begin_frame = begin_frame, .upload = upload, .commit = commit, .acquire = acquire, .present = present};
  test->display.impl = &test->impl;
  test->room = PRESENTER_OK;
  test->usable = true;
  frame_import_init(&test->import, &test->display);
  *state = test;
  return 0;
}

static int tear_down(void **state) {
  struct latch_test *test = *state;
  void *fixture = test->fixture;
  test->headless->impl->destroy(test->headless);
  free(test);
  return queue_fixture_teardown(&fixture);
}

static enum presenter_result latch(struct latch_test *test) {
  uint64_t submitted_ns = 0;
  enum presenter_result result = late_latch_present(&test->display, take, test, &submitted_ns);
  assert_int_equal(submitted_ns != 0, result == PRESENTER_OK);
  return result;
}

static void frame_that_comes_while_we_acquire_is_shown(void **state) {
  struct latch_test *test = *state;
  struct transom_frame frame;
  queue_fixture_publish(test->fixture, NULL);
  assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_SHOWN); /* as the turn began */
  for (uint64_t i = 1; i <= 100; i++) {
    test->published_at_acquire = 1 + i % 4; /* of several, the last */
    assert_int_equal(latch(test), PRESENTER_OK);
    assert_int_equal(test->drawn, test->fixture->writer.sequence);
    assert_int_equal(test->presents, i);
  }
}

/* A display without room takes nothing off the guest: the frames that come meanwhile are skipped, not queued. */
static void nothing_is_latched_without_room(void **state) {
  struct latch_test *test = *state;
  test->room = PRESENTER_PENDING;
  test->published_at_acquire = 1;
  for (unsigned i = 0; i < 10; i++) {
    assert_int_equal(latch(test), PRESENTER_PENDING);
    test->acquires = 0;
  }
  assert_int_equal(test->takes + test->presents, 0);
  test->room = PRESENTER_OK;
  assert_int_equal(latch(test), PRESENTER_OK);
  assert_int_equal(test->drawn, 11);
  assert_int_equal(test->takes, 1);
}

static void trouble_draws_nothing(void **state) {
  struct latch_test *test = *state;
  test->room = PRESENTER_LOST;
  assert_int_equal(latch(test), PRESENTER_LOST);
  test->acquires = 0;
  test->room = PRESENTER_OK;
  test->usable = false;
  assert_int_equal(latch(test), PRESENTER_PENDING);
  assert_int_equal(test->presents, 0);
}

/* A cursor that moves, an expose: without the guest's session in hand, or without a display that hands out images. */
static void what_is_shown_is_drawn_without_a_frame(void **state) {
  struct latch_test *test = *state;
  uint64_t submitted_ns = 0;
  assert_int_equal(late_latch_present(&test->display, NULL, NULL, &submitted_ns), PRESENTER_OK);
  test->impl.acquire = NULL;
  assert_int_equal(late_latch_present(&test->display, NULL, NULL, &submitted_ns), PRESENTER_OK);
  assert_int_equal(test->presents, 2);
  assert_int_equal(test->takes, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {TEST(frame_that_comes_while_we_acquire_is_shown), TEST(nothing_is_latched_without_room),
                                     TEST(trouble_draws_nothing), TEST(what_is_shown_is_drawn_without_a_frame)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
