/* A window system that tells when pictures were shown, honestly or not: what is believed, and what is said where it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/present/feedback/feedback.h"

#include <string.h>

#define MS UINT64_C(1000000)
#define REFRESH_NS UINT64_C(16666667)
#define START_NS (1000000 * MS + 123)
#define STAMPS 200u

/* ---- a source that says what the test wants ---- */

struct fake_source {
  struct feedback_source base;
  uint64_t asked[8]; /* a ring of what is under way */
  unsigned first, count;
  struct feedback_stamp told;
  bool has_told, destroyed;
};

static void fake_ask(struct feedback_source *source, uint64_t picture) {
  struct fake_source *fake = (struct fake_source *)source;
  if (fake->count && fake->asked[(fake->first + fake->count - 1) % 8] == picture)
    return;
  assert_in_range(fake->count, 0, 7);
  fake->asked[(fake->first + fake->count++) % 8] = picture;
}

static bool fake_next(struct feedback_source *source, struct feedback_stamp *stamp) {
  struct fake_source *fake = (struct fake_source *)source;
  if (!fake->has_told)
    return false;
  *stamp = fake->told;
  fake->has_told = false;
  return true;
}

static void fake_destroy(struct feedback_source *source) { ((struct fake_source *)source)->destroyed = true; }

static const struct feedback_source_impl fake_impl = {.name = "fake", .ask = fake_ask, .next = fake_next, .destroy = fake_destroy};

/* One picture: handed over at `submitted_ns` by a call of 1 ms, told of 20 ms later. False: nothing that may be used came of it. */
static bool show_one(struct feedback *feedback, struct fake_source *fake, uint64_t submitted_ns, struct feedback_stamp stamp,
                     struct feedback_news *news) {
  uint64_t picture = feedback_ask(feedback);
  assert_int_equal(feedback_ask(feedback), picture); /* once more: the display had no room */
  feedback_handed_over(feedback, 0, submitted_ns, submitted_ns + MS);
  if (fake->count) {
    fake->told = stamp;
    fake->told.picture = fake->asked[fake->first];
    fake->first = (fake->first + 1) % 8;
    fake->count--;
    fake->has_told = true;
  }
  return feedback_take(feedback, submitted_ns + 20 * MS, news);
}

static struct feedback_stamp honest(unsigned i, uint64_t submitted_ns) {
  uint64_t shown_ns = submitted_ns + 5 * MS + i * 977 % 13 * 10000; /* wanders a little */
  return (struct feedback_stamp){.shown = true, .told_ns = shown_ns - 17, .shown_ns = shown_ns, .refresh_ns = REFRESH_NS};
}

typedef struct feedback_stamp (*teller)(unsigned i, uint64_t submitted_ns);

struct outcome {
  enum feedback_state state;
  const char *reason;
  unsigned used;
};

static struct outcome tell_many(teller tell, uint64_t period_ns, uint64_t resolution_ns) {
  struct fake_source fake = {.base = {.impl = &fake_impl, .resolution_ns = resolution_ns}};
  struct feedback *feedback = feedback_create(&fake.base);
  struct outcome outcome = {0};
  assert_non_null(feedback);
  for (unsigned i = 0; i < STAMPS; i++) {
    uint64_t submitted_ns = START_NS + i * period_ns;
    struct feedback_news news;
    struct feedback_stamp stamp = tell(i, submitted_ns);
    if (!show_one(feedback, &fake, submitted_ns, stamp, &news))
      continue;
    outcome.used++;
    assert_true(i >= FEEDBACK_JUDGE_STAMPS); /* nothing is believed before the test is over */
    assert_int_equal(news.shown_ns, stamp.shown ? stamp.shown_ns : 0);
    assert_int_equal(news.picture, i + 1);
  }
  outcome.state = feedback_state(feedback);
  outcome.reason = feedback_reason(feedback);
  feedback_destroy(feedback);
  assert_true(fake.destroyed);
  return outcome;
}

static void an_honest_display_is_believed(void **state) {
  (void)state;
  struct outcome outcome = tell_many(honest, REFRESH_NS, 1);
  assert_int_equal(outcome.state, FEEDBACK_BELIEVED);
  assert_null(outcome.reason);
  assert_int_equal(outcome.used, STAMPS - FEEDBACK_JUDGE_STAMPS);
  assert_int_equal(tell_many(honest, 2 * REFRESH_NS, 0).state, FEEDBACK_BELIEVED); /* a guest of half the rate */
}

/* ---- displays that lie ---- */

static struct feedback_stamp constant(unsigned i, uint64_t submitted_ns) {
  (void)i, (void)submitted_ns;
  return honest(0, START_NS);
}

static struct feedback_stamp from_the_future(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns += 30 * MS;
  return stamp;
}

static struct feedback_stamp end_of_blank(unsigned i, uint64_t submitted_ns) { /* half a millisecond ahead is how kernels are */
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns = submitted_ns + 20 * MS + MS / 2;
  return stamp;
}

static struct feedback_stamp before_it_was_drawn(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns -= 8 * MS;
  return stamp;
}

static struct feedback_stamp of_another_clock(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns += 86400000 * MS;
  return stamp;
}

static struct feedback_stamp of_a_younger_clock(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns -= 900000 * MS;
  return stamp;
}

static struct feedback_stamp of_no_clock(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns = 0;
  return stamp;
}

static struct feedback_stamp backwards(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns += i == 10 ? 14 * MS : 0;
  stamp.shown_ns -= i == 11 ? 4 * MS : 0;
  return stamp;
}

static struct feedback_stamp echo_of_submit(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns = submitted_ns + i % 2 * 700;
  return stamp;
}

static struct feedback_stamp echo_of_return(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown_ns = submitted_ns + MS + i % 3 * 500;
  return stamp;
}

static struct feedback_stamp in_whole_milliseconds(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.told_ns = stamp.told_ns / MS * MS;
  return stamp;
}

static struct feedback_stamp of_a_slow_display(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.refresh_ns = 2 * REFRESH_NS;
  return stamp;
}

static struct feedback_stamp late_lie(unsigned i, uint64_t submitted_ns) {
  return i == 100 ? from_the_future(i, submitted_ns) : honest(i, submitted_ns);
}

static void each_lie_is_seen_and_named(void **state) {
  (void)state;
  static const struct {
    teller tell;
    const char *reason;
  } lies[] = {{constant, "its stamps stand still"},
              {from_the_future, "its stamps lie in the future"},
              {before_it_was_drawn, "its stamps lie before the picture was handed over"},
              {of_another_clock, "its stamps are of another clock than it says"},
              {of_a_younger_clock, "its stamps are of another clock than it says"},
              {of_no_clock, "its clock cannot be read here"},
              {backwards, "its stamps go backwards"},
              {echo_of_submit, "its stamps repeat the time of the call"},
              {echo_of_return, "its stamps repeat the time of the call"},
              {in_whole_milliseconds, "its stamps come in whole milliseconds"},
              {of_a_slow_display, "its stamps come faster than the display refreshes"}};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    struct outcome outcome = tell_many(lies[i].tell, REFRESH_NS, 1);
    assert_int_equal(outcome.state, FEEDBACK_REFUSED);
    assert_string_equal(outcome.reason, lies[i].reason);
    assert_int_equal(outcome.used, 0);
  }
  assert_int_equal(tell_many(end_of_blank, REFRESH_NS, 1).state, FEEDBACK_BELIEVED);
}

static void a_lie_after_the_test_ends_it_as_well(void **state) {
  (void)state;
  struct outcome outcome = tell_many(late_lie, REFRESH_NS, 1);
  assert_int_equal(outcome.state, FEEDBACK_REFUSED);
  assert_string_equal(outcome.reason, "its stamps lie in the future");
  assert_int_equal(outcome.used, 100 - FEEDBACK_JUDGE_STAMPS);
}

static void a_coarse_clock_is_not_even_tested(void **state) {
  (void)state;
  struct outcome outcome = tell_many(honest, REFRESH_NS, 4 * MS);
  assert_int_equal(outcome.state, FEEDBACK_REFUSED);
  assert_string_equal(outcome.reason, "its clock moves in steps of more than a millisecond");
}

/* ---- displays that say little ---- */

static struct feedback_stamp every_second(unsigned i, uint64_t submitted_ns) {
  struct feedback_stamp stamp = honest(i, submitted_ns);
  stamp.shown = i % 2 == 0;
  return stamp;
}

static void a_picture_that_was_never_shown_is_news(void **state) {
  (void)state;
  struct outcome outcome = tell_many(every_second, REFRESH_NS, 1);
  assert_int_equal(outcome.state, FEEDBACK_BELIEVED);
  assert_int_equal(outcome.used, STAMPS - 2 * FEEDBACK_JUDGE_STAMPS + 1); /* the last tested one is the 59th */
}

static void silence_is_noticed(void **state) {
  (void)state;
  struct fake_source fake = {.base = {.impl = &fake_impl}};
  struct feedback *feedback = feedback_create(&fake.base);
  struct feedback_news news;
  for (unsigned i = 0; i <= FEEDBACK_JUDGE_SILENCE_MAX; i++) {
    assert_int_equal(feedback_state(feedback), FEEDBACK_TESTING);
    assert_int_equal(feedback_ask(feedback), i + 1);
    feedback_handed_over(feedback, 0, START_NS + i * REFRESH_NS, START_NS + i * REFRESH_NS + MS);
    assert_false(feedback_take(feedback, START_NS, &news));
    fake.count = 0;
  }
  assert_int_equal(feedback_state(feedback), FEEDBACK_REFUSED);
  assert_string_equal(feedback_reason(feedback), "it tells of no picture");
  assert_int_equal(feedback_ask(feedback), 0);
  feedback_destroy(feedback);
}

static void answers_to_nothing_change_nothing(void **state) {
  (void)state;
  struct fake_source fake = {.base = {.impl = &fake_impl}};
  struct feedback *feedback = feedback_create(&fake.base);
  struct feedback_news news;
  for (uint64_t picture = 0; picture < 100; picture++) {
    fake.told = honest(0, START_NS);
    fake.told.picture = picture;
    fake.has_told = true;
    assert_false(feedback_take(feedback, START_NS, &news));
  }
  assert_int_equal(feedback_state(feedback), FEEDBACK_TESTING);
  feedback_destroy(feedback);
}

static void nobody_is_a_source_too(void **state) {
  (void)state;
  struct feedback_news news;
  assert_null(feedback_create(NULL));
  assert_int_equal(feedback_ask(NULL), 0);
  feedback_handed_over(NULL, 0, 1, 2);
  assert_false(feedback_take(NULL, 1, &news));
  assert_int_equal(feedback_state(NULL), FEEDBACK_NONE);
  assert_null(feedback_name(NULL));
  assert_null(feedback_reason(NULL));
  feedback_destroy(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_honest_display_is_believed),          cmocka_unit_test(each_lie_is_seen_and_named),
      cmocka_unit_test(a_lie_after_the_test_ends_it_as_well),   cmocka_unit_test(a_coarse_clock_is_not_even_tested),
      cmocka_unit_test(a_picture_that_was_never_shown_is_news), cmocka_unit_test(silence_is_noticed),
      cmocka_unit_test(answers_to_nothing_change_nothing),      cmocka_unit_test(nobody_is_a_source_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
