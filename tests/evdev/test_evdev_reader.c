/* The reader on mocked nodes: what a device says, what the kernel says about it, and what a broken one claims. */
#include "evdev_world.h"

#include "common/clock.h"
#include "host/input/input_sink.h"
#include "support/mock_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#define BUS_USB 3 /* linux/input.h has a struct input_event of its own */

static const int typing[][2] = {{KEY_ESC, KEY_COMPOSE}, {0, 0}};
static const int buttons[][2] = {{BTN_LEFT, BTN_TASK}, {0, 0}};
static const int planes[] = {ABS_X, ABS_Y, -1};

static const struct mock_input keyboard = {.number = 3, .name = "keyboard", .bus = BUS_USB, .key_ranges = typing};
static const int held_down[] = {KEY_B, KEY_C, -1};
static const struct mock_input held = {.number = 6, .name = "held", .bus = BUS_USB, .key_ranges = typing, .down = held_down};
static const struct mock_input tablet = {
    .number = 4, .name = "tablet", .bus = BUS_USB, .key_ranges = buttons, .absolute = planes, .minimum = -100, .maximum = 300};
static const struct mock_input broken = {
    .number = 5, .name = "broken tablet", .bus = BUS_USB, .key_ranges = buttons, .absolute = planes, .minimum = 300, .maximum = -100};

static struct mock_bed *bed;

static int set_up(void **state) {
  bed = mock_bed_create();
  return world_set_up(state);
}

static int tear_down(void **state) {
  const int status = world_tear_down(state);
  mock_bed_destroy(bed);
  return status;
}

static void plug(struct world *world, const struct mock_input *input) {
  struct input_device_info info = {.roles = input->absolute ? INPUT_DEVICE_POINTER : INPUT_DEVICE_KEYBOARD};
  snprintf(info.node, sizeof(info.node), "/dev/input/event%d", input->number);
  snprintf(info.name, sizeof(info.name), "%s", input->name);
  mock_bed_put(bed, input);
  assert_int_equal(evdev_reader_add(world->reader, mock_bed_open(bed, input), &info), 0);
}

static void emit(const struct mock_input *input, uint16_t type, uint16_t code, int32_t value) {
  mock_bed_emit(bed, input, type, code, value);
}

/* B and C are down when the reader comes, and its kernel's bitmap says so for ever. */
static void what_the_kernel_dropped_is_taken_from_its_bitmap(void **state) {
  struct world *world = *state;
  plug(world, &held);
  emit(&held, EV_KEY, KEY_A, 1);
  emit(&held, EV_KEY, KEY_B, 0);
  emit(&held, EV_SYN, SYN_REPORT, 0);
  world_await(world, world->count == 2);
  emit(&held, EV_SYN, SYN_DROPPED, 0);
  emit(&held, EV_KEY, KEY_D, 1); /* the rest of a frame: not to be believed */
  emit(&held, EV_SYN, SYN_REPORT, 0);
  world_await(world, world->count == 4);
  assert_int_equal(world->events[2].usage, 0x04); /* A came up */
  assert_int_equal(world->events[2].value, 0);
  assert_int_equal(world->events[3].usage, 0x05); /* B went down */
  assert_int_equal(world->events[3].value, 1);
  emit(&held, EV_KEY, KEY_C, 0); /* pressed for somebody else: its release is harmless, and told */
  emit(&held, EV_SYN, SYN_REPORT, 0);
  world_await(world, world->count == 5);
}

static void every_key_of_a_full_frame_arrives(void **state) {
  struct world *world = *state;
  plug(world, &keyboard);
  for (int down = 1; down >= 0; down--) {
    for (uint16_t key = KEY_ESC; key <= KEY_SPACE; key++)
      emit(&keyboard, EV_KEY, key, down);
    emit(&keyboard, EV_SYN, SYN_REPORT, 0);
  }
  world_await(world, world->count == 2 * KEY_SPACE);
  assert_int_equal(world_keys_down(world), 0);
}

static void positions_fill_our_range(void **state) {
  static const int32_t positions[][2] = {
      {-100, 0}, {300, INPUT_ABSOLUTE_MAX}, {100, (INPUT_ABSOLUTE_MAX + 1) / 2}, {INT32_MIN, 0}, {INT32_MAX, INPUT_ABSOLUTE_MAX}};
  struct world *world = *state;
  plug(world, &tablet);
  for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
    emit(&tablet, EV_ABS, ABS_X, positions[i][0]);
    emit(&tablet, EV_SYN, SYN_REPORT, 0);
    world_await(world, world->count == i + 1);
    assert_true(world->events[i].absolute);
    assert_int_equal(world->events[i].value, positions[i][1]);
  }
}

static void an_impossible_range_is_said_once_and_hides_the_axis(void **state) {
  struct world *world = *state;
  plug(world, &broken);
  assert_int_equal(world->line_count, 1); /* though both are */
  assert_true(world_said(world, "broken tablet says that its X axis goes from 300 to -100"));
  emit(&broken, EV_ABS, ABS_X, 5);
  emit(&broken, EV_SYN, SYN_REPORT, 0);
  emit(&broken, EV_KEY, BTN_LEFT, 1); /* its buttons work */
  emit(&broken, EV_SYN, SYN_REPORT, 0);
  world_await(world, world->count == 1);
  assert_int_equal(world->events[0].page, INPUT_PAGE_BUTTON);
  assert_int_equal(world->line_count, 1);
}

static void no_line_of_the_log_names_a_key(void **state) {
  struct world *world = *state;
  plug(world, &keyboard);
  const size_t before = world->line_count;
  for (uint16_t key = KEY_ESC; key <= KEY_SPACE; key++) {
    emit(&keyboard, EV_KEY, key, 1);
    emit(&keyboard, EV_SYN, SYN_REPORT, 0);
  }
  world_await(world, world->count == KEY_SPACE);
  assert_int_equal(world->line_count, before); /* at debug level, too */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_the_kernel_dropped_is_taken_from_its_bitmap),    CASE(every_key_of_a_full_frame_arrives), CASE(positions_fill_our_range),
      CASE(an_impossible_range_is_said_once_and_hides_the_axis), CASE(no_line_of_the_log_names_a_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
