/* Window events to input sink, and the hand-over between their threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/input_handover.h"
#include "host/app/window_input.h"
#include "support/fake_input_sink.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEY(code, is_down, is_repeat) (&(struct window_event){.kind = WINDOW_KEY, .scancode = code, .down = is_down, .repeat = is_repeat})
#define BUTTON(number, is_down) (&(struct window_event){.kind = WINDOW_BUTTON, .button = number, .down = is_down})
#define WHEEL(right, up) (&(struct window_event){.kind = WINDOW_WHEEL, .wheel_x = right, .wheel_y = up})

static struct fake_input_sink sink;
static struct window_input input;

static int set_up(void **state) {
  (void)state;
  fake_input_sink_init(&sink);
  window_input_init(&input, &sink.base);
  return 0;
}

static void keys_are_usages_and_repeats_are_dropped(void **state) {
  (void)state;
  window_input_event(&input, KEY(4, true, false), NULL);
  window_input_event(&input, KEY(4, true, true), NULL);
  window_input_event(&input, KEY(4, true, false), NULL);
  window_input_event(&input, KEY(4, false, false), NULL);
  window_input_event(&input, KEY(4, false, false), NULL); /* pressed before we had the focus */
  window_input_event(&input, KEY(0xe7, true, false), NULL);
  window_input_event(&input, KEY(261, true, false), NULL);
  window_input_event(&input, KEY(0, true, false), NULL); /* SDL does not know the key */
  window_input_event(&input, KEY(300, true, false), NULL);
  window_input_event(&input, KEY(0xffffffff, true, false), NULL);
  assert_string_equal(sink.told, "k7:4+ k7:4- k7:e7+ kc:cd+");
}

static void leaving_releases_everything_once(void **state) {
  (void)state;
  window_input_event(&input, KEY(4, true, false), NULL);
  window_input_event(&input, BUTTON(1, true), NULL);
  window_input_event(&input, &(struct window_event){.kind = WINDOW_LEFT}, NULL);
  window_input_event(&input, KEY(4, false, false), NULL);
  window_input_event(&input, BUTTON(1, false), NULL);
  assert_string_equal(sink.told, "k7:4+ b0+ r");
}

static void closing_releases_too(void **state) {
  (void)state;
  window_input_event(&input, &(struct window_event){.kind = WINDOW_CLOSE}, NULL);
  assert_string_equal(sink.told, "r");
}

static void clicks_carry_their_place(void **state) {
  (void)state;
  struct picture_layout layout = picture_layout_fit(32768, 32768, 32768, 32768, 0);
  struct window_event event = {.kind = WINDOW_BUTTON, .button = 3, .down = true, .x = 100, .y = 200};
  window_input_event(&input, &event, &layout);
  for (uint32_t number = 0; number < 8; number++)
    window_input_event(&input, BUTTON(number, true), NULL);
  assert_string_equal(sink.told, "a100,200 b1+ b0+ b2+ b3+ b4+");
}

static void pointer_waits_for_a_picture(void **state) {
  (void)state;
  window_input_event(&input, &(struct window_event){.kind = WINDOW_MOTION, .x = 5, .y = 5}, NULL);
  assert_string_equal(sink.told, "");
}

static void wheel_keeps_fractions(void **state) {
  (void)state;
  window_input_event(&input, WHEEL(0, 1), NULL);
  window_input_event(&input, WHEEL(-1, 0), NULL);
  for (int i = 0; i < 400; i++) /* a slow touchpad: a four hundredth of a notch each */
    window_input_event(&input, WHEEL(0, -0.0025f), NULL);
  int steps = 0;
  for (const char *at = sink.told + sizeof "w120,0 w0,-120" - 1; *at; at++)
    steps += *at == 'w';
  assert_in_range(steps, 119, 120);
}

static void no_wake(void *user_data) { (void)user_data; }

static void handover_keeps_order(void **state) {
  (void)state;
  struct input_handover *handover = input_handover_create(&sink.base, no_wake, NULL);
  struct input_sink *end = input_handover_sink(handover);
  end->impl->key(end, 7, 4, true);
  end->impl->absolute(end, 1, 2);
  end->impl->relative(end, -3, 4);
  end->impl->button(end, INPUT_BUTTON_EXTRA, true);
  end->impl->wheel(end, -120, 7);
  end->impl->reset(end);
  assert_string_equal(sink.told, "");
  input_handover_drain(handover);
  input_handover_drain(handover);
  assert_string_equal(sink.told, "k7:4+ a1,2 m-3,4 b4+ w-120,7 r");
  input_handover_destroy(handover);
}

static struct { atomic_uint keys, resets; } counted;
static void count_key(struct input_sink *base, uint16_t page, uint16_t usage, bool down) {
  (void)base, (void)page, (void)usage, (void)down;
  atomic_fetch_add(&counted.keys, 1);
}
static void count_reset(struct input_sink *base) {
  (void)base;
  atomic_fetch_add(&counted.resets, 1);
}

/* What did not fit is lost; the releases among it are made good by a reset. */
static void overflow_ends_in_a_reset(void **state) {
  (void)state;
  const struct input_sink_impl impl = {.key = count_key, .reset = count_reset};
  struct input_sink counter = {.impl = &impl};
  struct input_handover *handover = input_handover_create(&counter, no_wake, NULL);
  struct input_sink *end = input_handover_sink(handover);
  atomic_store(&counted.keys, 0);
  for (int i = 0; i < 5000; i++)
    end->impl->key(end, 7, 4, i % 2 == 0);
  input_handover_drain(handover);
  assert_in_range(atomic_load(&counted.keys), 1, 4999);
  assert_int_equal(atomic_load(&counted.resets), 1);
  end->impl->key(end, 7, 4, true);
  input_handover_drain(handover);
  assert_int_equal(atomic_load(&counted.resets), 1);
  input_handover_destroy(handover);
}

static atomic_bool pushing;

static void *push_many(void *end_of) {
  struct input_sink *end = end_of;
  for (int i = 0; i < 100000; i++)
    end->impl->key(end, 7, 4, i % 2 == 0);
  atomic_store(&pushing, false);
  return NULL;
}

static void two_threads_lose_nothing_unsaid(void **state) {
  (void)state;
  const struct input_sink_impl impl = {.key = count_key, .reset = count_reset};
  struct input_sink counter = {.impl = &impl};
  struct input_handover *handover = input_handover_create(&counter, no_wake, NULL);
  pthread_t thread;
  atomic_store(&counted.keys, 0);
  atomic_store(&counted.resets, 0);
  atomic_store(&pushing, true);
  assert_int_equal(pthread_create(&thread, NULL, push_many, input_handover_sink(handover)), 0);
  while (atomic_load(&pushing))
    input_handover_drain(handover);
  pthread_join(thread, NULL);
  input_handover_drain(handover);
  assert_true(atomic_load(&counted.keys) == 100000 || atomic_load(&counted.resets) > 0);
  input_handover_destroy(handover);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(keys_are_usages_and_repeats_are_dropped, set_up),
      cmocka_unit_test_setup(leaving_releases_everything_once, set_up),
      cmocka_unit_test_setup(closing_releases_too, set_up),
      cmocka_unit_test_setup(clicks_carry_their_place, set_up),
      cmocka_unit_test_setup(pointer_waits_for_a_picture, set_up),
      cmocka_unit_test_setup(wheel_keeps_fractions, set_up),
      cmocka_unit_test_setup(handover_keeps_order, set_up),
      cmocka_unit_test_setup(overflow_ends_in_a_reset, set_up),
      cmocka_unit_test_setup(two_threads_lose_nothing_unsaid, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
