#include "guest/core/test_card.h"

#include "common/test_card_strip.h"
#include "protocol/validate.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct screen_frame next_frame(struct screen_capture *card) {
  struct screen_frame frame;
  assert_int_equal(card->impl->acquire(card, 1, &frame), 0);
  return frame;
}

static struct test_card_picture picture_of(const struct screen_frame *frame) {
  return (struct test_card_picture){frame->pixels, frame->pitch_bytes, frame->mode.width, frame->mode.height, frame->mode.format};
}

static void verifies(struct screen_capture *card, uint32_t number) {
  const struct screen_frame frame = next_frame(card);
  const struct test_card_picture picture = picture_of(&frame);
  struct test_card_strip strip;
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_INTACT);
  assert_int_equal(strip.frame, number);
}

static void every_format_size_and_damage_verifies(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{64, 64}, {65, 70}, {383, 100}, {640, 480}, {1001, 77}}, damages[] = {0, 1, 33, 100};
  for (uint32_t format = TRANSOM_FORMAT_BGRA8; format <= TRANSOM_FORMAT_RGBA16F; format++) {
    for (size_t i = 0; i < 20; i++) {
      const struct test_card_options options = {
          .width = sizes[i % 5][0], .height = sizes[i % 5][1], .format = (enum transom_format)format, .damage_percent = damages[i / 5]};
      struct screen_capture *card = test_card_create(&options);
      assert_non_null(card);
      for (uint32_t number = 1; number <= 5; number++)
        verifies(card, number);
      card->impl->destroy(card);
    }
  }
}

static bool covered(const struct transom_damage *damage, uint32_t y) {
  for (uint32_t i = 0; i < damage->count; i++) {
    if (y >= damage->rects[i].y && y < (uint32_t)damage->rects[i].y + damage->rects[i].height)
      return true;
  }
  return damage->full;
}

/* What is not said to be damaged is as it was; about as much as asked for is. */
static void says_what_it_changed(void **state) {
  (void)state;
  const struct test_card_options options = {.width = 200, .height = 300, .format = TRANSOM_FORMAT_BGRA8, .damage_percent = 20};
  struct screen_capture *card = test_card_create(&options);
  struct screen_frame frame = next_frame(card);
  assert_true(frame.damage.full);
  uint8_t *before = malloc(frame.pitch_bytes * 300);
  for (int i = 0; i < 12; i++) {
    memcpy(before, frame.pixels, frame.pitch_bytes * 300);
    frame = next_frame(card);
    uint32_t changed = 0;
    for (uint32_t y = 0; y < 300; y++) {
      const bool same = memcmp(before + y * frame.pitch_bytes, frame.pixels + y * frame.pitch_bytes, frame.pitch_bytes) == 0;
      assert_true(same || covered(&frame.damage, y));
      changed += !same;
    }
    assert_in_range(changed, 60, 80); /* a fifth of the stripes, strip and text */
  }
  free(before);
  card->impl->destroy(card);
}

/* One pixel of another frame, anywhere, is noticed; alpha and padding are not looked at. */
static void notices_each_wrong_pixel(void **state) {
  (void)state;
  const struct test_card_options options = {.width = 64, .height = 64, .format = TRANSOM_FORMAT_BGRA8, .damage_percent = 100};
  struct screen_capture *card = test_card_create(&options);
  const struct screen_frame frame = next_frame(card);
  const uint32_t rows = test_card_strip_rows(64);
  uint8_t copy[64 * 64 * 4];
  struct test_card_picture picture = picture_of(&frame);
  struct test_card_strip strip;
  picture.pixels = copy;
  for (uint32_t at = 0; at < 64 * 64 * 4; at++) {
    memcpy(copy, frame.pixels, sizeof copy);
    copy[at] ^= 0x80;
    const enum test_card_verdict verdict = test_card_verify(&picture, &strip);
    if (at % 4 == 3)
      assert_int_equal(verdict, TEST_CARD_INTACT);
    else if (at >= rows * 64 * 4)
      assert_int_equal(verdict, TEST_CARD_TORN);
  }
  memcpy(copy, frame.pixels, sizeof copy);
  memset(copy, 0xff, 64 * 4 * 4); /* the first row of cells */
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_ABSENT);
  memcpy(copy, frame.pixels, sizeof copy);
  for (uint32_t y = 4; y < 8; y++)
    memset(copy + y * 256 + 16, copy[y * 256 + 17] ^ 0xff, 16); /* one bit of the frame number */
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_SPOILT);
  picture.format = 77;
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_ABSENT);
  card->impl->destroy(card);
}

static void keeps_its_rate_and_rests(void **state) {
  (void)state;
  const struct test_card_options options = {
      .width = 64, .height = 64, .format = TRANSOM_FORMAT_BGRA8, .rate = 100, .damage_percent = 100, .still_after = 3};
  struct screen_capture *card = test_card_create(&options);
  struct screen_frame frame;
  assert_int_equal(card->impl->acquire(card, 1000, &frame), 0);
  assert_int_equal(card->impl->next_ns(card, 1000), 10001000);
  assert_int_equal(card->impl->acquire(card, 10000999, &frame), -EAGAIN);
  assert_int_equal(card->impl->acquire(card, 10500000, &frame), 0);
  assert_int_equal(card->impl->next_ns(card, 10500000), 20001000); /* late, but on the grid */
  assert_int_equal(card->impl->acquire(card, 90000000, &frame), 0);
  assert_int_equal(card->impl->acquire(card, 900000000, &frame), -EAGAIN);
  card->impl->destroy(card);
}

static void refuses_the_impossible(void **state) {
  (void)state;
  struct test_card_options options = {.width = 63, .height = 64, .format = TRANSOM_FORMAT_BGRA8};
  assert_null(test_card_create(&options));
  options.width = 64, options.format = (enum transom_format)9;
  assert_null(test_card_create(&options));
  options.format = TRANSOM_FORMAT_BGRA8, options.damage_percent = 101;
  assert_null(test_card_create(&options));
}

static void shows_event(const struct screen_frame *frame, uint32_t number, uint64_t event_ns) {
  const struct test_card_picture picture = picture_of(frame);
  struct test_card_strip strip;
  uint64_t found;
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_INTACT);
  assert_int_equal(strip.frame, number);
  assert_true(test_card_read_event(&picture, &found));
  assert_true(found == event_ns);
}

static void reacts_once_and_rests(void **state) {
  (void)state;
  const uint64_t early = UINT64_C(0xfedcba9876543210);
  const struct test_card_options options = {.width = 64, .height = 64, .format = TRANSOM_FORMAT_BGRA8, .rate = 60, .reacts = true};
  struct screen_capture *card = test_card_create(&options);
  struct screen_frame frame;
  assert_non_null(card);
  frame = next_frame(card);
  shows_event(&frame, 1, 0);
  assert_int_equal(card->impl->acquire(card, 1000000000, &frame), -EAGAIN);
  test_card_react(card, early);
  test_card_react(card, early + 1);
  assert_int_equal(card->impl->next_ns(card, 7), 7);
  assert_int_equal(card->impl->acquire(card, 7, &frame), 0);
  assert_int_equal(frame.acquired_ns, 7);
  shows_event(&frame, 2, early);
  assert_int_equal(card->impl->acquire(card, 8, &frame), -EAGAIN);
  test_card_react(card, 9);
  frame = next_frame(card);
  shows_event(&frame, 3, 9);
  card->impl->destroy(card);
}

/* Of every format and width; a card that does not react has none, and a spoilt one is none. */
static void event_is_read_from_any_card(void **state) {
  (void)state;
  static const uint32_t widths[] = {64, 65, 383, 640};
  for (uint32_t format = TRANSOM_FORMAT_BGRA8; format <= TRANSOM_FORMAT_RGBA16F; format++) {
    for (size_t i = 0; i < 4; i++) {
      struct test_card_options options = {.width = widths[i], .height = 90, .format = (enum transom_format)format, .reacts = true};
      struct screen_capture *card = test_card_create(&options);
      test_card_react(card, 12345678901234567);
      struct screen_frame frame = next_frame(card);
      shows_event(&frame, 1, 12345678901234567);
      uint64_t found;
      struct test_card_picture picture = picture_of(&frame);
      memset((uint8_t *)(uintptr_t)frame.pixels + test_card_strip_rows(widths[i]) * frame.pitch_bytes, 0, frame.pitch_bytes * 4);
      assert_false(test_card_read_event(&picture, &found));
      card->impl->destroy(card);
      options.reacts = false;
      card = test_card_create(&options);
      frame = next_frame(card);
      picture = picture_of(&frame);
      assert_false(test_card_read_event(&picture, &found));
      card->impl->destroy(card);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_format_size_and_damage_verifies),
      cmocka_unit_test(says_what_it_changed),
      cmocka_unit_test(notices_each_wrong_pixel),
      cmocka_unit_test(keeps_its_rate_and_rests),
      cmocka_unit_test(reacts_once_and_rests),
      cmocka_unit_test(event_is_read_from_any_card),
      cmocka_unit_test(refuses_the_impossible),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
