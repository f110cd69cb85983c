/* The pure parts of the evdev source: table, frames, merging. */
#include "host/input/evdev_controller.h"
#include "host/input/evdev_frame.h"
#include "host/input/evdev_keymap.h"
#include "host/input/evdev_merge.h"
#include "host/input/input_recording.h"
#include "host/input/keymap_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

static const struct evdev_range no_ranges[2];

static void no_two_codes_share_a_usage(void **state) {
  (void)state;
  for (int code = 0; code < EVDEV_KEY_CODES; code++) {
    const struct evdev_usage usage = evdev_keymap_usage((unsigned)code);
    if (usage.page)
      assert_int_equal(evdev_keymap_code(usage.page, usage.usage), code);
  }
  assert_int_equal(evdev_keymap_code(0, 0), -1);
  assert_int_equal(evdev_keymap_usage(EVDEV_KEY_CODES).page, 0);
}

/* The two tables were written apart: whatever a PC keyboard of any country has must be in both. */
static void every_pc_key_reaches_qemu(void **state) {
  (void)state;
  static const unsigned without[] = {KEY_KPJPCOMMA, KEY_ZENKAKUHANKAKU, KEY_KATAKANA, KEY_SCALE}; /* QEMU 7.2 has no name */
  for (unsigned code = KEY_ESC; code <= KEY_COMPOSE; code++) {
    const struct evdev_usage usage = evdev_keymap_usage(code);
    bool is_known_gap = false;
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
      is_known_gap |= code == without[i];
    if (usage.page && !is_known_gap && keymap_find(usage.page, usage.usage) < 0)
      fail_msg("code %u: usage %02x:%02x has no name in QEMU", code, usage.page, usage.usage);
  }
}

static void a_frame_sums_its_motion(void **state) {
  (void)state;
  struct evdev_frame frame = {.key_count = 0};
  struct input_event events[EVDEV_FRAME_AXES];
  for (int i = 0; i < 3; i++) {
    evdev_frame_add(&frame, EV_REL, REL_X, INT32_MAX);
    evdev_frame_add(&frame, EV_REL, REL_Y, -2);
  }
  evdev_frame_add(&frame, EV_REL, REL_WHEEL, 1);
  evdev_frame_add(&frame, EV_REL, REL_WHEEL_HI_RES, 15);
  evdev_frame_add(&frame, EV_REL, REL_HWHEEL, -1);
  assert_int_equal(evdev_frame_motion(&frame, no_ranges, 7, events), 4);
  assert_int_equal(events[0].value, INT32_MAX); /* not wrapped around */
  assert_int_equal(events[1].value, -6);
  assert_int_equal(events[2].value, 15);
  assert_int_equal(events[3].value, -120);
  assert_int_equal(events[3].usage, INPUT_USAGE_AC_PAN);
  assert_int_equal(events[3].time_ns, 7);
  evdev_frame_clear(&frame);
  assert_int_equal(evdev_frame_motion(&frame, no_ranges, 7, events), 0);
}

static void add_key(struct evdev_frame *frame, uint16_t code, int32_t value) { evdev_frame_add(frame, EV_KEY, code, value); }

static void keys_of_several_devices_are_one(void **state) {
  (void)state;
  struct evdev_merge merge = {{0}};
  struct evdev_frame frame = {.key_count = 0};
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  add_key(&frame, KEY_A, 1);
  add_key(&frame, KEY_A, 2);  /* a repeat */
  add_key(&frame, KEY_FN, 1); /* HID does not know it */
  assert_int_equal(evdev_merge_frame(&merge, &frame, no_ranges, 1, events), 1);
  evdev_frame_clear(&frame);
  add_key(&frame, KEY_A, 1); /* another keyboard */
  assert_int_equal(evdev_merge_frame(&merge, &frame, no_ranges, 1, events), 0);
  evdev_frame_clear(&frame);
  add_key(&frame, KEY_A, 0);
  assert_int_equal(evdev_merge_frame(&merge, &frame, no_ranges, 2, events), 0); /* the other one still holds it */
  add_key(&frame, KEY_FN, 0);
  assert_int_equal(evdev_merge_frame(&merge, &frame, no_ranges, 3, events), 1);
  assert_int_equal(events[0].value, 0);
  assert_int_equal(events[0].usage, 0x04);
}

static void require_event(const struct input_event *event, uint16_t page, uint16_t usage, int32_t value) {
  assert_int_equal(event->controller, 3);
  assert_int_equal(event->page, page);
  assert_int_equal(event->usage, usage);
  assert_int_equal(event->value, value);
}

static void a_controller_speaks_for_itself(void **state) {
  (void)state;
  struct evdev_range ranges[EVDEV_AXES] = {[ABS_X] = {-128, 127}, [ABS_BRAKE] = {0, 1023}, [ABS_Y] = {5, 5}};
  struct evdev_controller controller = {.number = 3};
  struct evdev_frame frame = {.key_count = 0};
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  evdev_frame_add(&frame, EV_ABS, ABS_X, 127);
  evdev_frame_add(&frame, EV_ABS, ABS_Y, 5); /* an impossible range */
  evdev_frame_add(&frame, EV_ABS, ABS_BRAKE, 0);
  evdev_frame_add(&frame, EV_ABS, ABS_HAT0X, 1);
  evdev_frame_add(&frame, EV_ABS, ABS_HAT0Y, -1);
  evdev_frame_add(&frame, EV_ABS, ABS_MT_SLOT, 7);
  add_key(&frame, BTN_SOUTH, 1);
  add_key(&frame, BTN_TRIGGER, 1);
  add_key(&frame, BTN_TRIGGER_HAPPY3, 1);
  add_key(&frame, KEY_A, 1); /* of its chat pad: not a controller's */
  assert_int_equal(evdev_controller_frame(&controller, &frame, ranges, 1, events), 6);
  require_event(&events[0], INPUT_PAGE_DESKTOP, 0x30, INPUT_CONTROLLER_AXIS_MAX);
  require_event(&events[1], INPUT_PAGE_DESKTOP, 0x32, -INPUT_CONTROLLER_AXIS_MAX);
  require_event(&events[2], INPUT_PAGE_BUTTON, 1, 1);
  require_event(&events[3], INPUT_PAGE_BUTTON, 1, 1); /* a joystick's first */
  require_event(&events[4], INPUT_PAGE_BUTTON, 19, 1);
  require_event(&events[5], INPUT_PAGE_DESKTOP, 0x39, 1); /* up and right */
  evdev_frame_clear(&frame);
  add_key(&frame, BTN_DPAD_DOWN, 1);
  assert_int_equal(evdev_controller_frame(&controller, &frame, ranges, 2, events), 1);
  require_event(&events[0], INPUT_PAGE_DESKTOP, 0x39, 3);
  assert_int_equal(evdev_controller_rest(&controller, 3, events), 7);
  require_event(&events[6], INPUT_PAGE_DESKTOP, 0x39, EVDEV_CONTROLLER_AT_REST);
  for (size_t i = 0; i < 7; i++)
    assert_true(input_recording_is_recordable(&events[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_two_codes_share_a_usage),     cmocka_unit_test(every_pc_key_reaches_qemu),
      cmocka_unit_test(a_frame_sums_its_motion),        cmocka_unit_test(keys_of_several_devices_are_one),
      cmocka_unit_test(a_controller_speaks_for_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
