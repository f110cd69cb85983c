#include "host/input/input_queue.h"
#include "host/input/qmp_input_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct input_queue queue;

static int set_up(void **state) {
  (void)state;
  input_queue_clear(&queue);
  return 0;
}

static struct input_entry take(void) {
  struct input_entry entry;
  assert_true(input_queue_take(&queue, true, &entry));
  return entry;
}

static void assert_empty(void) {
  struct input_entry entry;
  assert_false(input_queue_take(&queue, true, &entry));
}

static void merges_motion_but_never_across_a_key(void **state) {
  (void)state;
  input_queue_relative(&queue, 1, 2);
  input_queue_relative(&queue, 10, 20);
  input_queue_control(&queue, 5, true);
  input_queue_relative(&queue, 100, 200);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 120);
  input_queue_absolute(&queue, 3, 4);
  input_queue_absolute(&queue, 40000, -1);
  struct input_entry entry = take();
  assert_true(entry.kind == INPUT_ENTRY_CONTROL && entry.control == 5 && entry.down && entry.dx == 11 && entry.dy == 22);
  entry = take();
  assert_true(entry.kind == INPUT_ENTRY_WHEEL && entry.steps == 1 && entry.dx == 100 && entry.dy == 200);
  entry = take();
  assert_true(entry.kind == INPUT_ENTRY_MOTION && entry.has_absolute && entry.x == INPUT_ABSOLUTE_MAX && entry.y == 0);
  assert_empty();
}

static void motion_waits_but_keys_do_not(void **state) {
  (void)state;
  struct input_entry entry;
  input_queue_relative(&queue, 1, 1);
  assert_false(input_queue_take(&queue, false, &entry));
  input_queue_control(&queue, 5, true);
  assert_true(input_queue_take(&queue, false, &entry));
  assert_int_equal(entry.dx, 1);
}

static void keeps_the_rest_of_the_wheel(void **state) {
  (void)state;
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 50);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 50);
  input_queue_wheel(&queue, INPUT_AXIS_HORIZONTAL, -119);
  assert_empty();
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 50);
  input_queue_wheel(&queue, INPUT_AXIS_HORIZONTAL, -1);
  assert_int_equal(take().steps, 1);
  const struct input_entry entry = take();
  assert_true(entry.axis == INPUT_AXIS_HORIZONTAL && entry.steps == -1);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 90); /* 30 were left */
  assert_int_equal(take().steps, 1);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, -130);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, -110);
  assert_int_equal(take().steps, -2);
  assert_empty();
}

static void splits_a_long_wheel_without_moving_twice(void **state) {
  (void)state;
  input_queue_relative(&queue, 7, 7);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, -120 * 20);
  input_queue_control(&queue, 5, true);
  const struct input_entry first = take();
  assert_true(first.steps == -INPUT_QUEUE_WHEEL_STEPS_MAX && first.dx == 7);
  const struct input_entry second = take();
  assert_true(second.steps == -INPUT_QUEUE_WHEEL_STEPS_MAX && second.dx == 0);
  assert_int_equal(take().steps, -4);
  assert_int_equal(take().kind, INPUT_ENTRY_CONTROL);
}

static void opposite_steps_are_not_merged(void **state) {
  (void)state;
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 240);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, 120);
  input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, -120);
  assert_int_equal(take().steps, 3);
  assert_int_equal(take().steps, -1);
}

static void drops_repeats_and_releases_of_nothing(void **state) {
  (void)state;
  input_queue_control(&queue, 5, false);
  input_queue_control(&queue, 6, true);
  input_queue_control(&queue, 6, true);
  assert_true(take().down);
  assert_empty();
  input_queue_control(&queue, INPUT_CONTROLS - 1, true);
  input_queue_release_all(&queue);
  assert_true(take().down);
  for (int i = 0; i < 2; i++)
    assert_false(take().down);
  assert_empty();
}

static void overflow_throws_all_away_and_says_so(void **state) {
  (void)state;
  for (unsigned i = 0; i < INPUT_QUEUE_ENTRIES / 2; i++) {
    input_queue_control(&queue, 5, true);
    input_queue_control(&queue, 5, false);
  }
  input_queue_relative(&queue, 1, 1); /* only motion is lost */
  assert_false(queue.overflowed);
  assert_int_equal(queue.count, INPUT_QUEUE_ENTRIES);
  input_queue_control(&queue, 5, true);
  assert_true(queue.overflowed);
  assert_empty();
  queue.overflowed = false;
  input_queue_control(&queue, 5, true); /* it is not held any more, so this is news */
  assert_true(take().down);
}

static void sums_do_not_overflow(void **state) {
  (void)state;
  input_queue_relative(&queue, INT32_MAX, INT32_MIN);
  input_queue_relative(&queue, 1, -1);
  const struct input_entry entry = take();
  assert_true(entry.dx == INT32_MAX && entry.dy == INT32_MIN);
  for (int i = 0; i < 300; i++)
    input_queue_wheel(&queue, INPUT_AXIS_VERTICAL, INT32_MAX);
  assert_true(take().steps == INPUT_QUEUE_WHEEL_STEPS_MAX);
}

static void formats_commands(void **state) {
  (void)state;
  char text[QMP_INPUT_COMMAND_BYTES];
  struct input_entry entry = {.kind = INPUT_ENTRY_MOTION};
  assert_int_equal(qmp_input_command_format(text, &entry, true), 0);
  entry = (struct input_entry){.kind = INPUT_ENTRY_CONTROL, .control = INPUT_CONTROL_BUTTONS + INPUT_BUTTON_EXTRA, .down = true, .dx = -3};
  assert_int_equal(qmp_input_command_format(text, &entry, true), 2);
  assert_string_equal(text, "{\"events\":[{\"type\":\"rel\",\"data\":{\"axis\":\"x\",\"value\":-3}},"
                            "{\"type\":\"btn\",\"data\":{\"button\":\"extra\",\"down\":true}}]}");
  entry = (struct input_entry){.kind = INPUT_ENTRY_CONTROL, .control = keymap_find(KEYMAP_PAGE_KEYBOARD, 0x04)};
  assert_int_equal(qmp_input_command_format(text, &entry, true), 1);
  assert_string_equal(text, "{\"events\":[{\"type\":\"key\",\"data\":{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}}]}");
  entry = (struct input_entry){.kind = INPUT_ENTRY_MOTION, .has_absolute = true, .x = 1, .y = INPUT_ABSOLUTE_MAX};
  assert_int_equal(qmp_input_command_format(text, &entry, true), 2);
  assert_int_equal(qmp_input_command_format(text, &entry, false), 0);
}

static void the_longest_command_fits(void **state) {
  (void)state;
  char text[QMP_INPUT_COMMAND_BYTES];
  const struct input_entry entry = {.kind = INPUT_ENTRY_WHEEL,
                                    .axis = INPUT_AXIS_HORIZONTAL,
                                    .steps = INPUT_QUEUE_WHEEL_STEPS_MAX,
                                    .dx = INT32_MIN,
                                    .dy = INT32_MIN,
                                    .has_absolute = true,
                                    .x = INPUT_ABSOLUTE_MAX,
                                    .y = INPUT_ABSOLUTE_MAX};
  assert_int_equal(qmp_input_command_format(text, &entry, true), QMP_INPUT_EVENTS_MAX);
  assert_non_null(strstr(text, "wheel-right"));
}

static void the_keymap_is_ordered_and_found(void **state) {
  (void)state;
  for (size_t i = 0; i < keymap_count(); i++) {
    const struct keymap_entry *entry = keymap_at(i);
    assert_int_equal(keymap_find(entry->page, entry->usage), i);
    assert_string_equal(keymap_at((size_t)keymap_find_qcode(entry->qcode))->qcode, entry->qcode);
    if (i > 0)
      assert_true(entry[-1].page < entry->page || (entry[-1].page == entry->page && entry[-1].usage < entry->usage));
  }
  assert_int_equal(keymap_find(KEYMAP_PAGE_KEYBOARD, 0), -1);
  assert_int_equal(keymap_find(0xffff, 0xffff), -1);
  assert_int_equal(keymap_find_qcode("nosuch"), -1);
  assert_string_equal(keymap_at((size_t)keymap_find(KEYMAP_PAGE_KEYBOARD, 0x28))->qcode, "ret");
  assert_string_equal(keymap_at((size_t)keymap_find(KEYMAP_PAGE_KEYBOARD, 0xe6))->qcode, "alt_r");
}

static void the_null_sink_takes_everything(void **state) {
  (void)state;
  struct input_sink *sink = input_sink_null_create();
  assert_non_null(sink);
  sink->impl->key(sink, KEYMAP_PAGE_KEYBOARD, 4, true);
  sink->impl->button(sink, INPUT_BUTTON_LEFT, true);
  sink->impl->relative(sink, 1, 1);
  sink->impl->absolute(sink, 1, 1);
  sink->impl->wheel(sink, 120, 0);
  sink->impl->reset(sink);
  sink->impl->destroy(sink);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
  const struct CMUnitTest tests[] = {
      TEST(merges_motion_but_never_across_a_key),
      TEST(motion_waits_but_keys_do_not),
      TEST(keeps_the_rest_of_the_wheel),
      TEST(splits_a_long_wheel_without_moving_twice),
      TEST(opposite_steps_are_not_merged),
      TEST(drops_repeats_and_releases_of_nothing),
      TEST(overflow_throws_all_away_and_says_so),
      TEST(sums_do_not_overflow),
      TEST(formats_commands),
      TEST(the_longest_command_fits),
      TEST(the_keymap_is_ordered_and_found),
      TEST(the_null_sink_takes_everything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
