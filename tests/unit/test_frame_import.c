/* From the region to a presenter: the protocol's own writer on one side, the headless presenter on the other, trouble in between. */
#include "support/queue_fixture.h"
#include "support/test_picture.h"

#include "host/present/frame_import.h"
#include "host/present/headless/presenter_headless.h"

#include <stdlib.h>
#include <string.h>

#define PIXELS (QUEUE_FIXTURE_WIDTH * QUEUE_FIXTURE_HEIGHT)

struct import_test {
  struct queue_fixture *fixture;
  struct transom_frame_reader *reader;
  struct presenter spy; /* passes everything on, and strikes in the middle of an upload */
  struct presenter_impl spy_impl;
  struct presenter *headless;
  void (*strike)(struct import_test *test);
  uint32_t rects;    /* of the last upload */
  uint32_t levelled; /* rectangles, in all */
  enum presenter_result finish;
  uint64_t screen[PIXELS]; /* which sequence last drew each pixel of the guest's screen */
  struct frame_import import;
};

static struct import_test *test_of(struct presenter *presenter) {
  return (struct import_test *)((char *)presenter - offsetof(struct import_test, spy));
}

static int spy_begin_frame(struct presenter *presenter, const struct presenter_picture *picture) {
  struct import_test *test = test_of(presenter);
  return test->headless->impl->begin_frame(test->headless, picture);
}

static enum presenter_result spy_upload(struct presenter *presenter, const volatile uint8_t *pixels, uint32_t pitch_bytes,
                                        const struct transom_rect *rects, uint32_t count) {
  struct import_test *test = test_of(presenter);
  test->rects = count;
  if (test->strike)
    test->strike(test);
  return test->headless->impl->upload(test->headless, pixels, pitch_bytes, rects, count);
}

static void spy_commit(struct presenter *presenter) {
  struct import_test *test = test_of(presenter);
  test->headless->impl->commit(test->headless);
}

static int set_up(void **state) {
  struct import_test *test = calloc(1, sizeof *test);
  void *fixture;
  assert_non_null(test);
  queue_fixture_setup(&fixture);
  test->fixture = fixture;
  test->reader = queue_fixture_consumer(test->fixture, 0);
  test->headless = presenter_headless_create();
  test->spy_impl = (struct presenter_impl){.begin_frame = spy_begin_frame, .upload = spy_upload, .commit = spy_commit};
  test->spy.impl = &test->spy_impl;
  frame_import_init(&test->import, &test->spy);
  *state = test;
  return 0;
}

static int tear_down(void **state) {
  struct import_test *test = *state;
  void *fixture = test->fixture;
  test->headless->impl->destroy(test->headless);
  free(test);
  return queue_fixture_teardown(&fixture);
}

static struct transom_rect whole(void) { return (struct transom_rect){0, 0, QUEUE_FIXTURE_WIDTH, QUEUE_FIXTURE_HEIGHT}; }

/* The guest draws frame n inside `rect` (as its screen), then publishes: what begin() asks for is copied from that screen. */
static void publish_format(struct import_test *test, struct transom_rect rect, enum transom_format format) {
  struct transom_damage damage = {0};
  volatile uint8_t *pixels;
  uint64_t sequence = test->fixture->writer.sequence + 1;
  damage_add(&damage, rect);
  struct transom_frame_info info = queue_fixture_info(&damage);
  info.format = format;
  info.pitch_bytes = format == TRANSOM_FORMAT_RGBA16F ? 512 : 256;
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
    for (uint32_t x = rect.x; x < (uint32_t)rect.x + rect.width; x++)
      test->screen[y * QUEUE_FIXTURE_WIDTH + x] = sequence;
  assert_int_equal(frame_writer_begin(&test->fixture->writer, &info, 1, &pixels, &test->fixture->copy), 0);
  for (uint32_t y = 0; y < QUEUE_FIXTURE_HEIGHT; y++)
    for (uint32_t x = 0; x < QUEUE_FIXTURE_WIDTH; x++)
      test_picture_draw(pixels, info.pitch_bytes, format, test->screen[y * QUEUE_FIXTURE_WIDTH + x],
                        (struct transom_rect){(uint16_t)x, (uint16_t)y, 1, 1});
  frame_writer_complete(&test->fixture->writer, 1, 2);
}

static void publish(struct import_test *test, struct transom_rect rect) { publish_format(test, rect, TRANSOM_FORMAT_BGRA8); }

static enum frame_import_result step(struct import_test *test) {
  struct transom_frame frame = {0};
  enum frame_import_result result = frame_import_step(&test->import, test->reader, true, &frame);
  if (result == FRAME_IMPORT_SHOWN)
    assert_int_equal(frame.sequence, test->fixture->writer.sequence);
  return result;
}

/* What is shown is exactly this screen. */
static void assert_shows(struct import_test *test, const uint64_t *screen) {
  struct presenter_image image;
  assert_int_equal(test->headless->impl->read_back(test->headless, false, &image), 0);
  assert_int_equal(image.width, QUEUE_FIXTURE_WIDTH);
  assert_int_equal(image.height, QUEUE_FIXTURE_HEIGHT);
  for (uint32_t i = 0; i < PIXELS; i++) {
    uint32_t pixel;
    memcpy(&pixel, image.pixels + 4 * i, 4);
    assert_int_equal(pixel, 0xff000000u | test_picture_colour(screen[i], i % QUEUE_FIXTURE_WIDTH, i / QUEUE_FIXTURE_WIDTH));
  }
  free(image.pixels);
}

static void assert_nothing_held(struct import_test *test) { assert_int_equal(test->reader->consumer->hold, 0); }

static void every_format_is_shown_exactly(void **state) {
  struct import_test *test = *state;
  enum transom_format formats[] = {TRANSOM_FORMAT_BGRA8, TRANSOM_FORMAT_RGBA8, TRANSOM_FORMAT_RGB10A2, TRANSOM_FORMAT_RGBA16F};
  for (size_t i = 0; i < 4; i++) {
    publish_format(test, whole(), formats[i]);
    assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
    assert_shows(test, test->screen);
    assert_int_equal(step(test), FRAME_IMPORT_NOTHING);
  }
  assert_nothing_held(test);
}

static void only_damage_is_uploaded_and_nothing_is_missed(void **state) {
  struct import_test *test = *state;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  for (uint16_t i = 0; i < 40; i++) {
    publish(test, (struct transom_rect){(uint16_t)(i % 50), (uint16_t)(i % 20), 9, 7});
    if (i % 3 == 1)
      continue; /* a frame that nobody looked at: its damage must come with the next */
    uint64_t before = test->import.uploaded_bytes;
    assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
    assert_shows(test, test->screen);
    if (i > 2)
      assert_in_range(test->import.uploaded_bytes - before, 1, 3 * 9 * 7 * 4 + 4096);
  }
}

static void strike_new_epoch(struct import_test *test) { queue_fixture_format(test->fixture, 3); }

static void a_new_epoch_in_the_middle_is_never_shown(void **state) {
  struct import_test *test = *state;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  uint64_t shown[PIXELS];
  memcpy(shown, test->screen, sizeof shown);
  publish(test, whole());
  test->strike = strike_new_epoch;
  assert_int_equal(step(test), FRAME_IMPORT_STALE);
  test->strike = NULL;
  assert_shows(test, shown);
  assert_int_equal(step(test), FRAME_IMPORT_STALE);

  queue_fixture_attach(test->fixture);
  test->reader = queue_fixture_consumer(test->fixture, 0);
  frame_import_forget(&test->import);
  assert_shows(test, shown);
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_shows(test, test->screen);
}

/* What the agent does with a consumer that has been silent for too long: revoked, then the slot is written again and again. */
static void strike_revoke(struct import_test *test) {
  frame_writer_revoke_silent(&test->fixture->writer, 10);
  assert_int_equal(frame_writer_revoke_silent(&test->fixture->writer, 10 + 2 * TRANSOM_HOLD_SILENT_NS), 1);
  test->strike = NULL;
  publish(test, whole());
}

static void a_revoked_hold_is_never_shown(void **state) {
  struct import_test *test = *state;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  uint64_t shown[PIXELS];
  memcpy(shown, test->screen, sizeof shown);
  publish(test, (struct transom_rect){1, 1, 8, 8});
  test->strike = strike_revoke;
  assert_int_equal(step(test), FRAME_IMPORT_DROPPED);
  assert_int_equal(test->reader->torn, 1);
  assert_shows(test, shown);
  assert_nothing_held(test);
  /* Incoming holds half of something now: the next frame must not build on it. */
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_int_equal(test->rects, 1);
  assert_shows(test, test->screen);
}

/* Without a hold the writer may take the slot that is being read. */
static void strike_overwrite(struct import_test *test) {
  test->strike = NULL;
  for (int i = 0; i < 4; i++)
    publish(test, whole());
}

static void an_overwritten_slot_is_never_shown(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  uint64_t shown[PIXELS];
  memcpy(shown, test->screen, sizeof shown);
  publish(test, whole());
  test->strike = strike_overwrite;
  assert_int_equal(frame_import_step(&test->import, test->reader, false, &frame), FRAME_IMPORT_DROPPED);
  assert_shows(test, shown);
  assert_int_equal(frame_import_step(&test->import, test->reader, false, &frame), FRAME_IMPORT_SHOWN);
  assert_shows(test, test->screen);
}

static int refuse(struct presenter *presenter, const struct presenter_picture *picture) {
  (void)presenter;
  (void)picture;
  return -EINVAL;
}

static void a_failing_presenter_releases_the_slot(void **state) {
  struct import_test *test = *state;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  publish(test, (struct transom_rect){0, 0, 4, 4});
  test->spy_impl.begin_frame = refuse;
  assert_int_equal(step(test), FRAME_IMPORT_REFUSED);
  assert_nothing_held(test);
  test->spy_impl.begin_frame = spy_begin_frame;
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_shows(test, test->screen);
}

/* ---- presenters that follow bands, and that copy inside the device ---- */

static enum presenter_result spy_level(struct presenter *presenter, const struct transom_rect *rects, uint32_t count) {
  struct import_test *test = test_of(presenter);
  test->levelled += count;
  return test->headless->impl->level(test->headless, rects, count);
}

static enum presenter_result spy_finish(struct presenter *presenter, uint64_t timeout_ns) {
  (void)timeout_ns;
  return test_of(presenter)->finish;
}

static void follow_bands(struct import_test *test) {
  test->spy_impl.follows_bands = true;
  test->spy_impl.level = spy_level;
  test->spy_impl.finish_upload = spy_finish;
}

/* Announces a frame with `rect` drawn; the pixels are all there, but rows_valid says otherwise. */
static void announce(struct import_test *test, struct transom_rect rect, uint64_t *screen) {
  struct transom_damage damage = {0};
  volatile uint8_t *pixels;
  uint64_t sequence = test->fixture->writer.sequence + 1;
  damage_add(&damage, rect);
  struct transom_frame_info info = queue_fixture_info(&damage);
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
    for (uint32_t x = rect.x; x < (uint32_t)rect.x + rect.width; x++)
      screen[y * QUEUE_FIXTURE_WIDTH + x] = sequence;
  assert_int_equal(frame_writer_begin(&test->fixture->writer, &info, 1, &pixels, &test->fixture->copy), 0);
  for (uint32_t y = 0; y < QUEUE_FIXTURE_HEIGHT; y++)
    for (uint32_t x = 0; x < QUEUE_FIXTURE_WIDTH; x++)
      test_picture_draw(pixels, info.pitch_bytes, info.format, screen[y * QUEUE_FIXTURE_WIDTH + x],
                        (struct transom_rect){(uint16_t)x, (uint16_t)y, 1, 1});
}

static void bands_are_uploaded_as_they_come(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  follow_bands(test);
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  uint64_t shown[PIXELS], before = test->import.uploaded_bytes;
  memcpy(shown, test->screen, sizeof shown);
  announce(test, whole(), test->screen);
  assert_true(frame_import_has_news(&test->import, test->reader));
  for (uint32_t rows = 0; rows < QUEUE_FIXTURE_HEIGHT; rows += 8) {
    frame_writer_rows(&test->fixture->writer, rows);
    assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_PENDING);
    assert_int_equal(test->import.uploaded_bytes - before, rows * QUEUE_FIXTURE_WIDTH * 4);
    assert_shows(test, shown);
  }
  frame_writer_complete(&test->fixture->writer, 1, 2);
  test->finish = PRESENTER_PENDING; /* the device is still reading: the slot stays held */
  assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_PENDING);
  assert_true(test->reader->consumer->hold != 0);
  test->finish = PRESENTER_OK;
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_nothing_held(test);
  assert_int_equal(test->import.uploaded_bytes - before, PIXELS * 4);
  assert_int_equal(test->import.banded, 1);
  assert_shows(test, test->screen);
}

/* Only the damage since shown crosses the bus; what incoming lacks besides is copied inside the device. After a frame that was given up,
 * too. */
static void levelling_saves_uploads(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  follow_bands(test);
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  for (uint16_t i = 0; i < 20; i++) {
    struct transom_rect rect = {(uint16_t)(i * 2), i, 9, 7};
    if (i % 5 == 4) { /* the guest gives one up half way */
      uint64_t kept[PIXELS];
      memcpy(kept, test->screen, sizeof kept);
      announce(test, (struct transom_rect){3, 2, 30, 28}, kept);
      frame_writer_rows(&test->fixture->writer, 20);
      assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_PENDING);
      frame_writer_abandon(&test->fixture->writer);
      assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_DROPPED);
      assert_nothing_held(test);
    }
    uint64_t before = test->import.uploaded_bytes;
    publish(test, rect);
    assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
    if (i % 5 != 4) /* the next frame carries an abandoned one's damage as well */
      assert_int_equal(test->import.uploaded_bytes - before, 9 * 7 * 4);
    assert_shows(test, test->screen);
  }
  assert_true(test->levelled > 0);
}

static void given_up_frame_is_taken_when_complete(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  follow_bands(test);
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  announce(test, whole(), test->screen);
  assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_PENDING);
  assert_true(frame_import_is_waiting(&test->import));
  frame_import_give_up(&test->import, test->reader, true);
  assert_nothing_held(test);
  assert_false(frame_import_has_news(&test->import, test->reader));
  frame_writer_complete(&test->fixture->writer, 1, 2);
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_shows(test, test->screen);
}

/* The device loses everything: the newest frame is uploaded again, all of it. */
static void lost_pictures_come_again(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  follow_bands(test);
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  publish(test, (struct transom_rect){1, 1, 5, 5});
  test->finish = PRESENTER_LOST;
  assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_LOST);
  assert_nothing_held(test);
  test->finish = PRESENTER_OK;
  uint64_t before = test->import.uploaded_bytes;
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  assert_int_equal(test->import.uploaded_bytes - before, PIXELS * 4);
  assert_shows(test, test->screen);
}

/* Pages went away under the region while it was read. */
static void cut_memory_is_never_shown(void **state) {
  struct import_test *test = *state;
  struct transom_frame frame;
  atomic_bool cut = false;
  test->import.cut = &cut;
  publish(test, whole());
  assert_int_equal(step(test), FRAME_IMPORT_SHOWN);
  uint64_t shown[PIXELS];
  memcpy(shown, test->screen, sizeof shown);
  publish(test, whole());
  atomic_store(&cut, true);
  assert_int_equal(frame_import_step(&test->import, test->reader, true, &frame), FRAME_IMPORT_DROPPED);
  assert_shows(test, shown);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_format_is_shown_exactly, set_up, tear_down),
      cmocka_unit_test_setup_teardown(only_damage_is_uploaded_and_nothing_is_missed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_new_epoch_in_the_middle_is_never_shown, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_revoked_hold_is_never_shown, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_overwritten_slot_is_never_shown, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_failing_presenter_releases_the_slot, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bands_are_uploaded_as_they_come, set_up, tear_down),
      cmocka_unit_test_setup_teardown(levelling_saves_uploads, set_up, tear_down),
      cmocka_unit_test_setup_teardown(given_up_frame_is_taken_when_complete, set_up, tear_down),
      cmocka_unit_test_setup_teardown(lost_pictures_come_again, set_up, tear_down),
      cmocka_unit_test_setup_teardown(cut_memory_is_never_shown, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
