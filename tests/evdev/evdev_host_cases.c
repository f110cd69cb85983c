/* The evdev source against a real kernel: runs inside a QEMU guest that plays the host, on devices made by uinput (run_uinput_guest boots
 * it). Another descriptor of the same node plays the compositor: no key may stay down on either side. */
#include "evdev_world.h"

#include "common/clock.h"
#include "host/input/evdev_keymap.h"
#include "host/input/evdev_opener.h"
#include "host/input/input_sink.h"
#include "support/test_random.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#define EVIOCGRAB_REQUEST _IOW('E', 0x90, int) /* linux/input.h has a struct input_event of its own */
#define EVIOCREVOKE_REQUEST _IOW('E', 0x91, int)

static void grab_by_other(int fd, int grab) { assert_int_equal(ioctl(fd, EVIOCGRAB_REQUEST, grab), 0); }

static int grab(struct world *world, bool on) { return world->source->impl->grab(world->source, on); }
static bool any_down(struct world *world) { return world->source->impl->any_down(world->source); }

static void every_key_arrives_as_its_usage(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard, mouse;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  uinput_device_create(&mouse, UINPUT_MOUSE, "mouse", NULL);
  world_plug(world, &keyboard);
  world_plug(world, &mouse);
  size_t tried = 0;
  for (unsigned code = 0; code < EVDEV_KEY_CODES; code++) {
    const struct evdev_usage usage = evdev_keymap_usage(code);
    struct uinput_device *device = evdev_keymap_is_button(&usage) ? &mouse : &keyboard;
    if (!usage.page)
      continue;
    uinput_device_key(device, (uint16_t)code, true);
    uinput_device_key(device, (uint16_t)code, false);
    world_settle(world);
    assert_int_equal(world->count, 2 * ++tried);
    for (size_t i = 0; i < 2; i++) {
      const struct input_event *event = &world->events[2 * tried - 2 + i];
      assert_int_equal(event->page, usage.page);
      assert_int_equal(event->usage, usage.usage);
      assert_int_equal(event->value, i == 0);
      assert_true(event->time_ns <= clock_monotonic_ns());
    }
  }
  print_message("%zu keys and buttons\n", tried);
  assert_true(tried > 250);
  assert_true(world->source->impl->has_key(world->source, INPUT_PAGE_KEYBOARD, 0xe4));
  assert_false(world->source->impl->has_key(world->source, INPUT_PAGE_BUTTON, 1)); /* the mouse is no keyboard */
  uinput_device_destroy(&keyboard);
  uinput_device_destroy(&mouse);
}

static void a_grab_is_ours_alone_and_ends(void **state) {
  struct world *world = *state;
  struct uinput_device mouse;
  uinput_device_create(&mouse, UINPUT_MOUSE, "mouse", NULL);
  world_plug(world, &mouse);
  const int compositor = uinput_device_open(&mouse);
  assert_int_equal(grab(world, true), 0);
  assert_int_equal(ioctl(compositor, EVIOCGRAB_REQUEST, 1), -1);
  assert_int_equal(errno, EBUSY);
  uinput_device_move(&mouse, 5, -3);
  world_settle(world);
  assert_int_equal(world_sum(world, INPUT_PAGE_DESKTOP, INPUT_USAGE_X), 5);
  assert_int_equal(world_sum(world, INPUT_PAGE_DESKTOP, INPUT_USAGE_Y), -3);
  assert_int_equal(uinput_count_events(compositor, EV_REL, REL_X, NULL), 0);
  assert_int_equal(grab(world, false), 0);
  uinput_device_move(&mouse, 7, 0);
  world_settle(world);
  assert_int_equal(world_sum(world, INPUT_PAGE_DESKTOP, INPUT_USAGE_X), 12); /* told all the same: the owner decides */
  assert_int_equal(uinput_count_events(compositor, EV_REL, REL_X, NULL), 1);
  assert_int_equal(grab(world, true), 0);
  world_use(world, NULL); /* its end is a release, too */
  uinput_device_move(&mouse, 1, 0);
  assert_int_equal(uinput_count_events(compositor, EV_REL, REL_X, NULL), 1);
  close(compositor);
  uinput_device_destroy(&mouse);
}

/* A key remapper holds the keyboard and offers one of its own. */
static void a_device_that_another_program_holds_is_skipped(void **state) {
  struct world *world = *state;
  struct uinput_device real, virtual;
  uinput_device_create(&real, UINPUT_KEYBOARD, "real keyboard", NULL);
  world_plug(world, &real);
  const int remapper = uinput_device_open(&real);
  grab_by_other(remapper, 1);
  assert_int_equal(grab(world, true), -EBUSY);
  assert_true(world_said(world, "real keyboard"));
  uinput_device_create(&virtual, UINPUT_KEYBOARD, "remapper's keyboard", NULL);
  world_plug(world, &virtual);
  uinput_device_key(&real, KEY_A, true); /* the remapper's business */
  assert_false(any_down(world));
  assert_int_equal(grab(world, true), 0);
  uinput_device_key(&virtual, KEY_B, true);
  uinput_device_key(&virtual, KEY_B, false);
  uinput_device_key(&real, KEY_A, false);
  world_settle(world);
  assert_int_equal(world->count, 2);
  assert_int_equal(world_keys_down(world), 0);
  assert_int_equal(grab(world, false), 0);
  grab_by_other(remapper, 0);
  assert_int_equal(grab(world, true), 0);
  assert_int_equal(ioctl(remapper, EVIOCGRAB_REQUEST, 1), -1); /* free by now, so it is ours */
  close(remapper);
  uinput_device_destroy(&real);
  uinput_device_destroy(&virtual);
}

/* The rule of the capture state machine, by hand: grab and release only while nothing is down. */
static void a_key_held_over_a_grab_and_a_release_stays_with_its_side(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  int32_t last = -1;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  world_plug(world, &keyboard);
  const int compositor = uinput_device_open(&keyboard);
  uinput_device_key(&keyboard, KEY_LEFTCTRL, true);
  assert_true(any_down(world)); /* so the grab waits */
  uinput_device_key(&keyboard, KEY_LEFTCTRL, false);
  assert_false(any_down(world));
  assert_int_equal(grab(world, true), 0);
  assert_int_equal(uinput_count_events(compositor, EV_KEY, KEY_LEFTCTRL, &last), 2);
  assert_int_equal(last, 0);
  uinput_device_key(&keyboard, KEY_LEFTALT, true);
  assert_true(any_down(world)); /* so the release waits */
  uinput_device_key(&keyboard, KEY_LEFTALT, false);
  assert_false(any_down(world));
  assert_int_equal(grab(world, false), 0);
  assert_int_equal(uinput_count_events(compositor, EV_KEY, KEY_LEFTALT, &last), 0);
  world_settle(world);
  assert_int_equal(world_keys_down(world), 0);
  close(compositor);
  uinput_device_destroy(&keyboard);
}

/* Asking the kernel what is down throws away the key events that wait: what they said must be told all the same. */
static void asking_what_is_down_loses_nothing(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  world_plug(world, &keyboard);
  uinput_device_key(&keyboard, KEY_A, true);
  assert_true(any_down(world));
  world_await(world, world->count == 1);
  assert_int_equal(world_keys_down(world), 1);
  uinput_device_key(&keyboard, KEY_A, false);
  assert_false(any_down(world));
  world_await(world, world->count == 2);
  assert_int_equal(world_keys_down(world), 0);
  uinput_device_destroy(&keyboard);
}

static void an_unplug_while_captured_releases_its_keys(void **state) {
  struct world *world = *state;
  struct uinput_device first, second;
  uinput_device_create(&first, UINPUT_KEYBOARD, "first", NULL);
  uinput_device_create(&second, UINPUT_KEYBOARD, "second", NULL);
  world_plug(world, &first);
  world_plug(world, &second);
  assert_int_equal(grab(world, true), 0);
  uinput_device_key(&first, KEY_A, true);
  uinput_device_key(&first, KEY_LEFTSHIFT, true);
  uinput_device_key(&second, KEY_LEFTSHIFT, true); /* down once for the guest */
  world_settle(world);
  assert_int_equal(world->count, 2);
  const int changes = world->changes;
  uinput_device_destroy(&first);
  world_await(world, world->lost == 1);
  assert_int_equal(world->changes, changes + 1);
  assert_int_equal(world_keys_down(world), 1); /* shift: the second one holds it */
  assert_int_equal(evdev_reader_count(world->reader), 1);
  uinput_device_key(&second, KEY_LEFTSHIFT, false);
  world_settle(world);
  assert_int_equal(world_keys_down(world), 0);
  uinput_device_destroy(&second);
  world_await(world, world->lost == 2);
  assert_int_equal(grab(world, true), -ENODEV);
}

/* What the broker does to a viewer that is not to have the keyboard any more. */
static void a_revoked_descriptor_is_a_lost_device(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  const int fd = uinput_device_open(&keyboard), brokers = dup(fd);
  assert_int_equal(evdev_reader_add(world->reader, fd, &keyboard.info), 0);
  assert_int_equal(grab(world, true), 0);
  uinput_device_key(&keyboard, KEY_LEFTSHIFT, true);
  world_settle(world);
  assert_int_equal(world_keys_down(world), 1);
  assert_int_equal(ioctl(brokers, EVIOCREVOKE_REQUEST, 0), 0);
  const int compositor = uinput_device_open(&keyboard);
  world_await(world, world->lost == 1);
  assert_int_equal(world_keys_down(world), 0);
  uinput_device_key(&keyboard, KEY_LEFTSHIFT, false);
  assert_int_equal(uinput_count_events(compositor, EV_KEY, KEY_LEFTSHIFT, NULL), 1); /* the grab ended with it */
  close(brokers);
  close(compositor);
  uinput_device_destroy(&keyboard);
}

static void a_keyboard_that_comes_while_captured_is_grabbed_when_its_keys_are_up(void **state) {
  struct world *world = *state;
  struct uinput_device mouse, keyboard;
  uinput_device_create(&mouse, UINPUT_MOUSE, "mouse", NULL);
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  world_plug(world, &mouse);
  assert_int_equal(grab(world, true), 0);
  const int compositor = uinput_device_open(&keyboard);
  uinput_device_key(&keyboard, KEY_A, true);
  world_plug(world, &keyboard);
  uinput_device_key(&keyboard, KEY_A, false);
  world_settle(world);
  assert_int_equal(uinput_count_events(compositor, EV_KEY, KEY_A, NULL), 2); /* the host has both */
  uinput_device_key(&keyboard, KEY_B, true);
  uinput_device_key(&keyboard, KEY_B, false);
  world_settle(world);
  assert_int_equal(uinput_count_events(compositor, EV_KEY, KEY_B, NULL), 0);
  close(compositor);
  uinput_device_destroy(&mouse);
  uinput_device_destroy(&keyboard);
}

static void the_kernels_repeats_go_no_further(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  world_plug(world, &keyboard);
  const int compositor = uinput_device_open(&keyboard);
  uinput_device_key(&keyboard, KEY_A, true);
  int repeats = 0;
  world_await(world, (repeats += uinput_count_events(compositor, EV_KEY, KEY_A, NULL)) >= 4);
  uinput_device_key(&keyboard, KEY_A, false);
  world_settle(world);
  assert_int_equal(world->count, 2);
  close(compositor);
  uinput_device_destroy(&keyboard);
}

static void a_wheel_is_counted_once(void **state) {
  struct world *world = *state;
  struct uinput_device mouse;
  uinput_device_create(&mouse, UINPUT_MOUSE, "mouse", NULL);
  world_plug(world, &mouse);
  for (int i = 0; i < 4; i++) { /* one notch in quarters; the coarse event comes with the last */
    uinput_device_emit(&mouse, EV_REL, REL_WHEEL_HI_RES, 30);
    if (i == 3)
      uinput_device_emit(&mouse, EV_REL, REL_WHEEL, 1);
    uinput_device_sync(&mouse);
  }
  uinput_device_emit(&mouse, EV_REL, REL_HWHEEL, -2); /* a program that forgot the fine one */
  uinput_device_sync(&mouse);
  world_settle(world);
  assert_int_equal(world_sum(world, INPUT_PAGE_DESKTOP, INPUT_USAGE_WHEEL), 120);
  assert_int_equal(world_sum(world, INPUT_PAGE_CONSUMER, INPUT_USAGE_AC_PAN), -240);
  uinput_device_destroy(&mouse);
}

#define FLOOD_ROUNDS_LONG 1000
#define FLOOD_KEYS 40

/* Keys change while so much is emitted that the kernel drops some: what is told must end where the kernel is. */
static void no_key_is_stuck_after_a_flood(void **state) {
  struct world *world = *state;
  struct test_random random = {world_seed()};
  struct uinput_device keyboard;
  bool down[FLOOD_KEYS + 1] = {false};
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  world_plug(world, &keyboard);
  assert_int_equal(grab(world, true), 0);
  for (long round = world_length(FLOOD_ROUNDS_LONG); round > 0; round--) {
    for (uint32_t i = 20 + test_random_below(&random, 400); i > 0; i--) {
      const uint16_t key = (uint16_t)(1 + test_random_below(&random, FLOOD_KEYS));
      down[key] = !down[key];
      uinput_device_key(&keyboard, key, down[key]);
    }
    world->count = 0;
    for (uint16_t key = 1; key <= FLOOD_KEYS; key++)
      if (down[key])
        uinput_device_key(&keyboard, key, down[key] = false);
    if (test_random_one_in(&random, 2))
      assert_false(any_down(world));
    world_settle(world);
    assert_false(any_down(world));
    world_settle(world);
    uinput_device_key(&keyboard, KEY_F12, true); /* still alive, and nothing but it is down */
    uinput_device_key(&keyboard, KEY_F12, false);
    world_await(world, world->count >= 2 && world->events[world->count - 1].usage == 0x45);
    assert_int_equal(world_keys_down(world), 0);
  }
  uinput_device_destroy(&keyboard);
}

static void the_leds_are_the_guests_then_the_hosts_again(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  const int compositor = uinput_device_open(&keyboard);
  uinput_write_leds(compositor, INPUT_LED_NUM);
  world_plug(world, &keyboard);
  world->source->impl->set_leds(world->source, INPUT_LED_CAPS); /* not grabbed: not ours to set */
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_NUM);
  assert_int_equal(grab(world, true), 0);
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_NUM);
  world->source->impl->set_leds(world->source, INPUT_LED_CAPS);
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_CAPS);
  uinput_write_leds(compositor, INPUT_LED_NUM | INPUT_LED_SCROLL); /* the compositor fights */
  world_await(world, uinput_kernel_leds(compositor) == INPUT_LED_CAPS);
  assert_int_equal(grab(world, false), 0);
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_NUM | INPUT_LED_SCROLL); /* what the compositor wanted last */
  assert_int_equal(grab(world, true), 0);                                             /* and without a word from the guest */
  assert_int_equal(grab(world, false), 0);
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_NUM | INPUT_LED_SCROLL);
  close(compositor);
  uinput_device_destroy(&keyboard);
}

/* Two programs that both insist: we give in for the rest of the second. */
static void a_fight_over_leds_ends(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  const int compositor = uinput_device_open(&keyboard);
  uinput_write_leds(compositor, 0); /* a new keyboard shows what the kernel's text console wants */
  world_plug(world, &keyboard);
  assert_int_equal(grab(world, true), 0);
  world->source->impl->set_leds(world->source, INPUT_LED_CAPS);
  int given_in = 0;
  for (int i = 0; i < 200; i++) {
    uinput_write_leds(compositor, i % 2 ? INPUT_LED_SCROLL : 0);
    world_settle(world);
    given_in += uinput_kernel_leds(compositor) != INPUT_LED_CAPS;
  }
  print_message("gave in %d times of 200\n", given_in);
  assert_true(given_in > 0);
  assert_int_equal(grab(world, false), 0);
  assert_int_equal(uinput_kernel_leds(compositor), INPUT_LED_SCROLL);
  close(compositor);
  uinput_device_destroy(&keyboard);
}

static void a_device_is_opened_again_after_an_unplug(void **state) {
  struct world *world = *state;
  struct uinput_device first, other, again;
  char choice[64];
  uinput_device_create(&first, UINPUT_MOUSE, "the mouse", NULL);
  memcpy(choice, first.info.node, sizeof(choice));
  const char *const choices[] = {choice};
  struct input_source *source = evdev_opener_create(world->loop, choices, 1);
  assert_non_null(source);
  world_use(world, source);
  assert_int_equal(evdev_opener_count(source).open, 1);
  uinput_device_destroy(&first);
  world_await(world, evdev_opener_count(source).open == 0);
  uinput_device_create(&other, UINPUT_MOUSE, "another mouse", NULL); /* under the same number */
  assert_string_equal(other.info.node, choice);
  uinput_device_create(&again, UINPUT_MOUSE, "the mouse", NULL);
  world_await(world, evdev_opener_count(source).open == 1);
  uinput_device_move(&other, 100, 0);
  uinput_device_move(&again, 1, 0);
  world_await(world, world->count > 0);
  world_settle(world);
  assert_int_equal(world_sum(world, INPUT_PAGE_DESKTOP, INPUT_USAGE_X), 1);
  uinput_device_destroy(&other);
  uinput_device_destroy(&again);
  world_await(world, evdev_opener_count(source).open == 0);
}

static void a_choice_takes_all_interfaces_of_its_hardware(void **state) {
  struct world *world = *state;
  struct uinput_device keyboard, mouse, other;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "receiver keyboard", "usb-1/input0");
  uinput_device_create(&mouse, UINPUT_MOUSE, "receiver mouse", "usb-1/input1");
  uinput_device_create(&other, UINPUT_MOUSE, "other mouse", "usb-2/input0");
  const char *const choices[] = {keyboard.info.node};
  struct input_source *source = evdev_opener_create(world->loop, choices, 1);
  world_use(world, source);
  assert_int_equal(evdev_opener_count(source).open, 2);
  world_use(world, NULL);
  uinput_device_destroy(&keyboard);
  uinput_device_destroy(&mouse);
  uinput_device_destroy(&other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(every_key_arrives_as_its_usage),
      CASE(a_grab_is_ours_alone_and_ends),
      CASE(a_device_that_another_program_holds_is_skipped),
      CASE(a_key_held_over_a_grab_and_a_release_stays_with_its_side),
      CASE(asking_what_is_down_loses_nothing),
      CASE(an_unplug_while_captured_releases_its_keys),
      CASE(a_revoked_descriptor_is_a_lost_device),
      CASE(a_keyboard_that_comes_while_captured_is_grabbed_when_its_keys_are_up),
      CASE(the_kernels_repeats_go_no_further),
      CASE(a_wheel_is_counted_once),
      CASE(no_key_is_stuck_after_a_flood),
      CASE(the_leds_are_the_guests_then_the_hosts_again),
      CASE(a_fight_over_leds_ends),
      CASE(a_device_is_opened_again_after_an_unplug),
      CASE(a_choice_takes_all_interfaces_of_its_hardware),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
