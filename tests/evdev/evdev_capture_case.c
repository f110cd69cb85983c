/* The capture state machine over real devices: a typist presses, releases, toggles, unplugs and floods at random. Whenever its hands are
 * off, nothing is down at the guest (what the sink was told) nor at the host (what another reader of the nodes, the compositor, was told).
 */
#include "evdev_world.h"

#include "common/clock.h"
#include "host/input/evdev_keymap.h"
#include "host/input/input_router.h"
#include "support/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#define ROUNDS_LONG 1000
#define STEPS_MAX 30
#define DEVICES 3
#define FIRST_KEY KEY_1
#define LAST_KEY KEY_SLASH
#define FLOOD_REPORTS 120 /* the kernel's buffer for one reader holds 64 events */

struct typed_device {
  struct uinput_device device;
  enum uinput_kind kind;
  int compositor;
  bool pressed[EVDEV_KEY_CODES]; /* by the typist */
  bool at_host[EVDEV_KEY_CODES]; /* by what the compositor was told */
};

struct guest_sink {
  struct input_sink base;
  int down[0x10][0x400]; /* by page and usage */
  int held;
  long told;
};

struct stage {
  struct world *world;
  struct input_router router;
  struct input_source *window;
  struct guest_sink sink;
  struct typed_device devices[DEVICES];
  struct test_random random;
  long captures, floods, unplugs;
};

static void change(struct guest_sink *sink, uint16_t page, uint16_t usage, bool down) {
  assert_true(page < 0x10 && usage < 0x400);
  assert_int_not_equal(sink->down[page][usage], down); /* no press twice, no release without its press */
  sink->down[page][usage] = down;
  sink->held += down ? 1 : -1;
  sink->told++;
}

static void sink_key(struct input_sink *base, uint16_t page, uint16_t usage, bool down) {
  change((struct guest_sink *)base, page, usage, down);
}

static void sink_button(struct input_sink *base, enum input_button button, bool down) {
  change((struct guest_sink *)base, INPUT_PAGE_BUTTON, (uint16_t)(button + 1), down);
}

static void sink_motion(struct input_sink *base, int32_t x, int32_t y) {
  (void)base;
  (void)x;
  (void)y;
}

static void sink_reset(struct input_sink *base) {
  struct guest_sink *sink = (struct guest_sink *)base;
  memset(sink->down, 0, sizeof(sink->down));
  sink->held = 0;
}

static const struct input_sink_impl sink_impl = {.name = "guest",
                                                 .key = sink_key,
                                                 .button = sink_button,
                                                 .relative = sink_motion,
                                                 .absolute = sink_motion,
                                                 .wheel = sink_motion,
                                                 .reset = sink_reset};

static void on_report(const struct input_event *events, size_t count, void *user_data) {
  input_router_report(&((struct stage *)user_data)->router, INPUT_ORIGIN_DEVICES, events, count);
}

static void on_changed(void *user_data) { (void)user_data; }

static void on_command(enum hotkey hotkey, void *user_data) {
  (void)hotkey;
  (void)user_data;
}

/* As a compositor does: keeps up with what it is told. */
static void read_as_compositor(struct typed_device *typed) {
  struct uinput_key_change changes[64];
  size_t count;
  while ((count = uinput_read_keys(typed->compositor, changes, 64)) > 0)
    for (size_t i = 0; i < count; i++)
      typed->at_host[changes[i].code] = changes[i].down;
}

static void settle(struct stage *stage) {
  world_settle(stage->world);
  for (int i = 0; i < DEVICES; i++)
    read_as_compositor(&stage->devices[i]);
}

static void plug(struct stage *stage, struct typed_device *typed) {
  memset(typed->pressed, 0, sizeof(typed->pressed));
  memset(typed->at_host, 0, sizeof(typed->at_host)); /* a compositor forgets the keys of a device that goes */
  uinput_device_create(&typed->device, typed->kind, typed->kind == UINPUT_MOUSE ? "mouse" : "keyboard", NULL);
  typed->compositor = uinput_device_open(&typed->device);
  world_plug(stage->world, &typed->device);
}

static void unplug(struct stage *stage, struct typed_device *typed) {
  const int lost = stage->world->lost;
  uinput_device_destroy(&typed->device);
  close(typed->compositor);
  world_await(stage->world, stage->world->lost == lost + 1);
  stage->unplugs++;
}

static uint16_t some_key(struct stage *stage, const struct typed_device *typed) {
  const uint32_t choice = test_random_below(&stage->random, LAST_KEY - FIRST_KEY + 1);
  return typed->kind == UINPUT_MOUSE ? (uint16_t)(BTN_LEFT + choice % 8) : (uint16_t)(FIRST_KEY + choice);
}

static void flip(struct typed_device *typed, uint16_t key) {
  typed->pressed[key] = !typed->pressed[key];
  uinput_device_key(&typed->device, key, typed->pressed[key]);
  read_as_compositor(typed);
}

/* More than the kernel keeps for a reader, keys among it; the compositor keeps up, we do not. */
static void flood(struct stage *stage, struct typed_device *typed) {
  for (int i = 0; i < FLOOD_REPORTS; i++)
    flip(typed, some_key(stage, typed));
  stage->floods++;
}

static void toggle(struct stage *stage) {
  const bool was = input_router_is_captured(&stage->router);
  if (!was || test_random_one_in(&stage->random, 3)) {
    input_router_step(&stage->router, was ? CAPTURE_LEAVE : CAPTURE_FOCUS, INPUT_NOTE_FOCUS, clock_monotonic_ns());
    input_router_step(&stage->router, CAPTURE_ASK, INPUT_NOTE_USER, clock_monotonic_ns());
  } else {
    uinput_device_key(&stage->devices[0].device, KEY_RIGHTCTRL, true);
    uinput_device_key(&stage->devices[0].device, KEY_RIGHTCTRL, false);
  }
}

static void step(struct stage *stage) {
  struct typed_device *typed = &stage->devices[test_random_below(&stage->random, DEVICES)];
  const uint32_t what = test_random_below(&stage->random, 20);
  if (what < 13) {
    flip(typed, some_key(stage, typed));
  } else if (what < 17) {
    toggle(stage);
  } else if (what < 18) {
    flood(stage, typed);
  } else if (what < 19) {
    unplug(stage, typed);
    plug(stage, typed);
  } else {
    settle(stage);
  }
  if (test_random_one_in(&stage->random, 2))
    settle(stage);
  for (int i = 0; i < DEVICES; i++)
    read_as_compositor(&stage->devices[i]); /* the kernel's repeats, too */
  stage->captures += input_router_is_captured(&stage->router);
}

static void hands_off(struct stage *stage) {
  for (int i = 0; i < DEVICES; i++)
    for (uint16_t key = 0; key < EVDEV_KEY_CODES; key++)
      if (stage->devices[i].pressed[key])
        flip(&stage->devices[i], key);
  settle(stage);
  settle(stage); /* what a look at the kernel's bitmap put off */
}

static void require_nothing_down(struct stage *stage, long round) {
  if (stage->sink.held)
    fail_msg("round %ld: %d keys are stuck at the guest", round, stage->sink.held);
  assert_int_equal(stage->router.held.count, 0);
  assert_false(stage->world->source->impl->any_down(stage->world->source));
  for (int i = 0; i < DEVICES; i++)
    for (int key = 0; key < EVDEV_KEY_CODES; key++)
      if (stage->devices[i].at_host[key])
        fail_msg("round %ld: key %d of device %d is stuck at the host", round, key, i);
}

static void set_the_stage(struct stage *stage, struct world *world, const struct host_key_list *no_host_keys) {
  static const struct input_source_events events = {.report = on_report};
  static const struct input_router_events router_events = {.changed = on_changed, .command = on_command};
  const struct input_router_options options = {.host_keys = no_host_keys};
  stage->world = world;
  stage->random.state = world_seed();
  stage->window = input_source_null_create();
  stage->sink.base.impl = &sink_impl;
  world->source->events = &events;
  world->source->user_data = stage;
  input_router_init(&stage->router, &options, stage->window, &stage->sink.base, &router_events, stage);
  for (int i = 0; i < DEVICES; i++) {
    stage->devices[i].kind = i == DEVICES - 1 ? UINPUT_MOUSE : UINPUT_KEYBOARD;
    plug(stage, &stage->devices[i]);
  }
  input_router_set_devices(&stage->router, world->source);
  input_router_set_sink(&stage->router, &stage->sink.base, true, clock_monotonic_ns());
}

static void nothing_is_ever_stuck(void **state) {
  struct world *world = *state;
  struct stage *stage = calloc(1, sizeof(*stage));
  struct host_key_list no_host_keys;
  char error[128];
  assert_true(host_key_list_parse("none", &no_host_keys, error, sizeof(error)));
  set_the_stage(stage, world, &no_host_keys);
  const long rounds = world_length(ROUNDS_LONG);
  for (long round = 0; round < rounds; round++) {
    for (uint32_t steps = test_random_below(&stage->random, STEPS_MAX); steps > 0; steps--)
      step(stage);
    hands_off(stage);
    require_nothing_down(stage, round);
  }
  print_message("%ld rounds, captured after %ld steps, %ld floods, %ld unplugs, %ld changes at the guest\n", rounds, stage->captures,
                stage->floods, stage->unplugs, stage->sink.told);
  assert_true(stage->captures > 0 && stage->sink.told > 0);
  input_router_step(&stage->router, CAPTURE_RELEASE, INPUT_NOTE_PANIC, clock_monotonic_ns());
  world_use(world, NULL);
  for (int i = 0; i < DEVICES; i++) {
    uinput_device_destroy(&stage->devices[i].device);
    close(stage->devices[i].compositor);
  }
  stage->window->impl->destroy(stage->window);
  free(stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(nothing_is_ever_stuck, world_set_up, world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
