/* The router with its state machine, hotkeys and host keys: what reaches the sink, by example and by a model with random users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/input/input_router.h"
#include "support/fake_input_sink.h"
#include "support/fake_input_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define TOGGLE 0xe4

static struct fake_input_source window, devices;
static struct fake_input_sink sink;
static struct input_router router;
static struct host_key_list host_list;
static uint64_t now_ns;
static unsigned changes;
static uint32_t commands;
static char at_host[256];

static void on_changed(void *user_data) {
  (void)user_data;
  changes++;
}
static void on_command(enum hotkey hotkey, void *user_data) {
  (void)user_data;
  commands |= 1u << hotkey;
}
static void to_host(const struct input_event *event, void *user_data) {
  (void)user_data;
  snprintf(at_host + strlen(at_host), sizeof at_host - strlen(at_host), "%x%c ", event->usage, event->value ? '+' : '-');
}

static const struct input_router_events events = {.changed = on_changed, .command = on_command, .to_host = to_host};

static void begin(bool with_devices, bool capture_on_click) {
  struct input_router_options options = {.host_keys = &host_list, .capture_on_click = capture_on_click};
  fake_input_source_init(&window);
  fake_input_source_init(&devices);
  fake_input_sink_init(&sink);
  now_ns = 1000 * MS;
  changes = commands = 0;
  at_host[0] = 0;
  input_router_init(&router, &options, &window.base, &sink.base, &events, NULL);
  if (with_devices)
    input_router_set_devices(&router, &devices.base);
  input_router_set_sink(&router, &sink.base, true, now_ns);
  input_router_step(&router, CAPTURE_FOCUS, INPUT_NOTE_NONE, now_ns);
  sink.told[0] = 0;
}

static int set_up(void **state) {
  char error[64];
  (void)state;
  assert_true(host_key_list_parse("volume,super+1", &host_list, error, sizeof error));
  begin(true, false);
  return 0;
}

static void one(enum input_origin origin, uint16_t page, uint16_t usage, int32_t value) {
  now_ns += 10 * MS;
  struct input_event event = {.page = page, .usage = usage, .value = value, .time_ns = now_ns};
  input_router_report(&router, origin, &event, 1);
}

/* A key moves at the keyboard: every source knows; whoever is heard is heard. */
static void key(uint16_t usage, bool down) {
  struct fake_input_source *sources[] = {&window, &devices};
  for (int i = 0; i < 2; i++)
    (down ? pressed_keys_add : pressed_keys_remove)(&sources[i]->down, INPUT_PAGE_KEYBOARD, usage);
  if (!devices.grabbed)
    one(INPUT_ORIGIN_WINDOW, INPUT_PAGE_KEYBOARD, usage, down);
  one(INPUT_ORIGIN_DEVICES, INPUT_PAGE_KEYBOARD, usage, down);
}

static void tap(uint16_t usage) {
  key(usage, true);
  key(usage, false);
}

static void assert_state(enum capture_state state) {
  assert_string_equal(input_capture_state_name(router.capture.state), input_capture_state_name(state));
}

static void toggle_captures_devices_and_gives_them_back(void **state) {
  (void)state;
  tap(TOGGLE);
  assert_state(CAPTURE_CAPTURED);
  assert_true(devices.grabbed && !window.grabbed);
  tap(4);
  tap(TOGGLE);
  assert_state(CAPTURE_RELEASED);
  assert_false(devices.grabbed);
  tap(5);
  assert_string_equal(sink.told, "r k7:4+ k7:4- r k7:5+ k7:5-");
}

static void without_devices_the_window_is_taken(void **state) {
  (void)state;
  begin(false, false);
  key(TOGGLE, true);
  key(TOGGLE, false);
  assert_state(CAPTURE_CAPTURED);
  assert_true(window.grabbed);
  assert_int_equal(router.grabbed, INPUT_ORIGIN_WINDOW);
}

static void busy_devices_leave_the_window(void **state) {
  (void)state;
  devices.refuses = -EBUSY;
  tap(TOGGLE);
  assert_state(CAPTURE_CAPTURED);
  assert_true(window.grabbed && !devices.grabbed);
  tap(TOGGLE);
  window.refuses = -EBUSY;
  tap(TOGGLE);
  assert_state(CAPTURE_RELEASED);
  assert_int_equal(router.note, INPUT_NOTE_BUSY);
}

static void capture_waits_for_the_keys(void **state) {
  (void)state;
  key(0x1a, true);
  tap(TOGGLE);
  assert_state(CAPTURE_WAITING);
  assert_false(devices.grabbed);
  key(0x1a, false);
  assert_state(CAPTURE_CAPTURED);
  assert_string_equal(sink.told, "k7:1a+ k7:1a- r");
}

static void a_stuck_key_ends_the_wait(void **state) {
  (void)state;
  key(0x1a, true);
  tap(TOGGLE);
  uint64_t due_ns = input_router_deadline_ns(&router);
  assert_int_equal(due_ns, now_ns - 10 * MS + INPUT_CAPTURE_WAIT_NS); /* from the release that made the tap; the devices' copy came after */
  input_router_time(&router, due_ns - 1);
  assert_state(CAPTURE_WAITING);
  input_router_time(&router, due_ns);
  assert_state(CAPTURE_RELEASED);
  assert_int_equal(router.note, INPUT_NOTE_KEY_STUCK);
  assert_int_equal(input_router_deadline_ns(&router), 0);
}

static void press_while_grabbing(struct fake_input_source *source) { pressed_keys_add(&source->down, INPUT_PAGE_KEYBOARD, 7); }

static void a_key_that_races_the_grab_is_given_back(void **state) {
  (void)state;
  devices.while_grabbing = press_while_grabbing;
  tap(TOGGLE);
  assert_state(CAPTURE_WAITING);
  assert_false(devices.grabbed);
  devices.while_grabbing = NULL;
  key(7, false);
  assert_state(CAPTURE_CAPTURED);
}

static void modes_want_their_own_motion(void **state) {
  (void)state;
  const struct input_event both[] = {{.page = 1, .usage = INPUT_USAGE_X, .absolute = true, .value = 100},
                                     {.page = 1, .usage = INPUT_USAGE_Y, .absolute = true, .value = 200},
                                     {.page = 1, .usage = INPUT_USAGE_X, .value = 3},
                                     {.page = 1, .usage = INPUT_USAGE_Y, .value = -4}};
  input_router_report(&router, INPUT_ORIGIN_WINDOW, both, 4);
  input_router_report(&router, INPUT_ORIGIN_DEVICES, both, 4); /* not heard */
  tap(TOGGLE);
  input_router_report(&router, INPUT_ORIGIN_WINDOW, both, 4); /* not heard now */
  input_router_report(&router, INPUT_ORIGIN_DEVICES, both, 4);
  assert_string_equal(sink.told, "a100,200 r m3,-4");
}

static void motion_is_summed_but_overtakes_nothing(void **state) {
  (void)state;
  const struct input_event report[] = {{.page = 1, .usage = INPUT_USAGE_X, .value = 3},
                                       {.page = 1, .usage = INPUT_USAGE_X, .value = 4},
                                       {.page = 9, .usage = 1, .value = 1},
                                       {.page = 1, .usage = INPUT_USAGE_Y, .value = 5},
                                       {.page = 1, .usage = INPUT_USAGE_WHEEL, .value = -7},
                                       {.page = 0x0c, .usage = INPUT_USAGE_AC_PAN, .value = 9},
                                       {.page = 1, .usage = INPUT_USAGE_X, .value = 1}};
  tap(TOGGLE);
  sink.told[0] = 0;
  input_router_report(&router, INPUT_ORIGIN_DEVICES, report, 7);
  assert_string_equal(sink.told, "m7,0 b0+ m0,5 w-7,0 w0,9 m1,0");
}

static void every_way_out_releases_the_guest(void **state) {
  (void)state;
  static const struct {
    enum capture_event event;
    enum capture_state after;
  } ways[] = {{CAPTURE_LEAVE, CAPTURE_RELEASED},
              {CAPTURE_RELEASE, CAPTURE_RELEASED},
              {CAPTURE_DEAF, CAPTURE_SUSPENDED},
              {CAPTURE_REFUSED, CAPTURE_RELEASED},
              {CAPTURE_TOGGLE, CAPTURE_RELEASED}};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    begin(true, false);
    tap(TOGGLE);
    key(4, true);
    sink.told[0] = 0;
    input_router_step(&router, ways[i].event, INPUT_NOTE_USER, now_ns);
    assert_state(ways[i].after);
    assert_false(devices.grabbed);
    assert_string_equal(sink.told, "r");
    key(4, false);
    assert_string_equal(sink.told, "r"); /* no release without a press */
  }
}

static void a_guest_that_hears_again_is_captured_again(void **state) {
  (void)state;
  tap(TOGGLE);
  input_router_set_sink(&router, &sink.base, false, now_ns);
  assert_state(CAPTURE_SUSPENDED);
  input_router_set_sink(&router, &sink.base, true, now_ns);
  assert_state(CAPTURE_CAPTURED);
  input_router_set_sink(&router, &sink.base, false, now_ns);
  tap(TOGGLE); /* no more, thank you */
  input_router_set_sink(&router, &sink.base, true, now_ns);
  assert_state(CAPTURE_RELEASED);
}

static void a_deaf_guest_is_not_captured(void **state) {
  (void)state;
  input_router_set_sink(&router, &sink.base, false, now_ns);
  tap(TOGGLE);
  assert_state(CAPTURE_RELEASED);
  assert_int_equal(router.note, INPUT_NOTE_DEAF);
}

static void another_sink_starts_clean(void **state) {
  (void)state;
  struct fake_input_sink other;
  fake_input_sink_init(&other);
  key(4, true);
  input_router_set_sink(&router, &other.base, true, now_ns);
  key(4, false);
  tap(5);
  assert_string_equal(sink.told, "k7:4+ r");
  assert_string_equal(other.told, "k7:5+ k7:5-");
}

static void devices_that_go_take_the_capture_with_them(void **state) {
  (void)state;
  tap(TOGGLE);
  input_router_set_devices(&router, NULL);
  assert_state(CAPTURE_RELEASED);
  assert_int_equal(router.note, INPUT_NOTE_REVOKED);
}

static void the_toggle_is_one_that_the_keyboard_has(void **state) {
  (void)state;
  assert_string_equal(router.hotkeys.toggle.label, "Right Ctrl");
  devices.lacks = TOGGLE;
  input_router_set_devices(&router, &devices.base);
  assert_string_equal(router.hotkeys.toggle.label, "Scroll Lock");
  tap(0x47);
  assert_state(CAPTURE_CAPTURED);
}

static void ctrl_alt_del_is_sent_whole(void **state) {
  (void)state;
  key(TOGGLE, true);
  tap(0x4c);
  tap(0x3b);
  key(TOGGLE, false);
  assert_string_equal(sink.told, "k7:e0+ k7:e2+ k7:4c+ k7:4c- k7:e2- k7:e0- k7:e0+ k7:e2+ k7:3b+ k7:3b- k7:e2- k7:e0-");
}

static void commands_reach_the_owner(void **state) {
  (void)state;
  key(TOGGLE, true);
  tap(9);
  tap(0x14);
  key(TOGGLE, false);
  tap(0x44);
  assert_int_equal(commands, 1u << HOTKEY_FULLSCREEN | 1u << HOTKEY_QUIT);
  assert_string_equal(sink.told, "");
  tap(TOGGLE);
  tap(0x44); /* captured: F11 is the guest's */
  assert_string_equal(sink.told, "r k7:44+ k7:44-");
}

static void panic_releases_in_the_middle_of_everything(void **state) {
  (void)state;
  tap(TOGGLE);
  key(4, true);
  key(TOGGLE, true);
  uint64_t due_ns = input_router_deadline_ns(&router);
  input_router_time(&router, due_ns);
  assert_state(CAPTURE_RELEASED);
  assert_int_equal(router.note, INPUT_NOTE_PANIC);
  assert_false(devices.grabbed);
  assert_string_equal(sink.told, "r k7:4+ r");
}

static void host_keys_go_to_the_host_from_devices_alone(void **state) {
  (void)state;
  key(0xe3, true); /* not captured: the window system had its chance before us */
  key(0x1e, true);
  key(0x1e, false);
  key(0xe3, false);
  assert_string_equal(sink.told, "k7:e3+ k7:1e+ k7:1e- k7:e3-");
  tap(TOGGLE); /* captured, but the host cannot hear us */
  sink.told[0] = 0;
  key(0xe3, true);
  key(0x1e, true);
  key(0x1e, false);
  key(0xe3, false);
  assert_string_equal(sink.told, "k7:e3+ k7:1e+ k7:1e- k7:e3-");
  assert_string_equal(at_host, "");
  sink.told[0] = 0;
  key(0xe3, true);
  input_router_set_host(&router, true); /* now it can, but that Super is the guest's */
  key(0x1e, true);
  key(0x1e, false);
  key(0xe3, false);
  assert_string_equal(sink.told, "k7:e3+ k7:1e+ k7:1e- k7:e3-");
  assert_string_equal(at_host, "");
  sink.told[0] = 0;
  key(0xe3, true);
  key(0x1e, true);
  key(0x1e, false);
  key(0xe3, false);
  tap(4);
  assert_string_equal(sink.told, "k7:4+ k7:4-");
  assert_string_equal(at_host, "e3+ 1e+ 1e- e3- ");
}

static void a_click_captures_when_it_may(void **state) {
  (void)state;
  begin(false, true);
  pressed_keys_add(&window.down, INPUT_PAGE_BUTTON, 1);
  one(INPUT_ORIGIN_WINDOW, INPUT_PAGE_BUTTON, 1, 1);
  assert_state(CAPTURE_WAITING);
  pressed_keys_remove(&window.down, INPUT_PAGE_BUTTON, 1);
  one(INPUT_ORIGIN_WINDOW, INPUT_PAGE_BUTTON, 1, 0);
  assert_state(CAPTURE_CAPTURED);
  one(INPUT_ORIGIN_WINDOW, INPUT_PAGE_BUTTON, 1, 1);
  assert_string_equal(sink.told, "r b0+"); /* the click that captured was ours */
}

static void leds_are_mirrored_while_captured(void **state) {
  (void)state;
  input_router_set_leds(&router, INPUT_LED_CAPS);
  assert_int_equal(devices.leds, 0);
  tap(TOGGLE);
  assert_int_equal(devices.leds, INPUT_LED_CAPS);
  input_router_set_leds(&router, INPUT_LED_NUM);
  assert_int_equal(devices.leds, INPUT_LED_NUM);
}

static unsigned controller_events;
static void count_controller(struct input_sink *base, uint8_t number, uint16_t page, uint16_t usage, int32_t value) {
  (void)base;
  controller_events++;
  assert_int_equal(number, 2);
  assert_true((page == 9 && usage == 1 && value == 1) || (page == 1 && usage == 0x30 && value == -32767));
}

static void controllers_speak_only_while_captured(void **state) {
  (void)state;
  const struct input_event report[] = {{.page = 9, .usage = 1, .value = 1, .controller = 2},
                                       {.page = 1, .usage = 0x30, .value = -32767, .controller = 2, .absolute = true}};
  struct input_sink_impl impl = *sink.base.impl;
  impl.controller = count_controller;
  sink.base.impl = &impl;
  controller_events = 0;
  input_router_report(&router, INPUT_ORIGIN_DEVICES, report, 2);
  assert_int_equal(controller_events, 0);
  key(TOGGLE, true);
  input_router_report(&router, INPUT_ORIGIN_DEVICES, report, 2); /* no chord: a tap stays one */
  key(TOGGLE, false);
  assert_state(CAPTURE_CAPTURED);
  input_router_report(&router, INPUT_ORIGIN_DEVICES, report, 2);
  assert_int_equal(controller_events, 2);
  assert_string_equal(sink.told, "r");
}

static void eight_thousand_reports_a_second_lose_nothing(void **state) {
  (void)state;
  struct {
    long long x, y;
  } sent = {0, 0}, got = {0, 0};
  tap(TOGGLE);
  sink.told[0] = 0;
  for (int i = 0; i < 480000; i++) { /* a minute */
    const struct input_event report[] = {{.page = 1, .usage = INPUT_USAGE_X, .value = i % 7 - 3, .time_ns = now_ns},
                                         {.page = 1, .usage = INPUT_USAGE_Y, .value = i % 11 - 4, .time_ns = now_ns}};
    int dx = 0, dy = 0;
    input_router_report(&router, INPUT_ORIGIN_DEVICES, report, 2);
    sent.x += report[0].value;
    sent.y += report[1].value;
    if (sscanf(sink.told, "m%d,%d", &dx, &dy) == 2) {
      got.x += dx;
      got.y += dy;
    }
    sink.told[0] = 0;
  }
  assert_true(sent.x == got.x && sent.y == got.y && got.y != 0);
}

/* ---- a model with random users ---- */

#define MODEL_KEYS 10u
static const uint16_t model_keys[MODEL_KEYS] = {TOGGLE, TOGGLE, 4, 9, 0x14, 0x1e, 0xe3, 0xe0, 0xe2, 0x29};

/* The sink's truth, kept beside the router's. */
static struct {
  struct input_sink base;
  bool down[256], button_down[INPUT_BUTTONS + 1];
  unsigned count;
  bool toggle_alone; /* the toggle came without anything else in its hand */
} counting;

static void counting_key(struct input_sink *base, uint16_t page, uint16_t usage, bool down) {
  (void)base;
  assert_int_equal(page, INPUT_PAGE_KEYBOARD);
  assert_int_not_equal(counting.down[usage], down); /* a press, then its release, and never anything else */
  counting.down[usage] = down;
  counting.count += down ? 1 : -1u;
}
static void counting_button(struct input_sink *base, enum input_button button, bool down) {
  (void)base;
  assert_int_not_equal(counting.button_down[button], down);
  counting.button_down[button] = down;
  counting.count += down ? 1 : -1u;
}
static void counting_reset(struct input_sink *base) {
  (void)base;
  memset(counting.down, 0, sizeof counting.down);
  memset(counting.button_down, 0, sizeof counting.button_down);
  counting.count = 0;
}
static void counting_motion(struct input_sink *base, int32_t a, int32_t b) { (void)base, (void)a, (void)b; }
static const struct input_sink_impl counting_impl = {.key = counting_key,
                                                     .button = counting_button,
                                                     .relative = counting_motion,
                                                     .absolute = counting_motion,
                                                     .wheel = counting_motion,
                                                     .reset = counting_reset};

static unsigned random_state;
static unsigned random_below(unsigned bound) {
  random_state = random_state * 1103515245u + 12345u;
  return (random_state >> 16) % bound;
}

static void random_input(void) {
  unsigned what = random_below(20);
  uint16_t usage = model_keys[random_below(MODEL_KEYS)];
  if (what < 16)
    key(usage, !pressed_keys_has(&devices.down, INPUT_PAGE_KEYBOARD, usage));
  else if (what < 18)
    one(devices.grabbed ? INPUT_ORIGIN_DEVICES : INPUT_ORIGIN_WINDOW, INPUT_PAGE_BUTTON, 1, (int)(what & 1));
  else
    one(INPUT_ORIGIN_DEVICES, INPUT_PAGE_DESKTOP, INPUT_USAGE_X, 5);
}

static void random_world(void) {
  enum capture_event event = (enum capture_event)random_below(CAPTURE_EVENTS);
  if (event == CAPTURE_KEYS_UP || event == CAPTURE_RACED)
    return; /* the router's own to find out */
  if (event == CAPTURE_LEAVE)
    window.down.count = 0;
  input_router_step(&router, event, INPUT_NOTE_USER, now_ns);
}

static void let_time_pass(void) {
  now_ns += (uint64_t)random_below(6000) * MS;
  uint64_t due_ns;
  while ((due_ns = input_router_deadline_ns(&router)) && due_ns <= now_ns)
    input_router_time(&router, due_ns);
}

static void check_invariants(void) {
  bool captured = input_router_is_captured(&router);
  assert_false(devices.grabbed_with_key_down);
  assert_false(window.grabbed_with_key_down);
  assert_int_equal(captured, devices.grabbed || window.grabbed);
  assert_int_equal(router.held.count, counting.count);
  if (counting.down[TOGGLE]) { /* only as part of a chord: it was replayed for something */
    assert_int_equal(router.hotkeys.state, HOTKEYS_IDLE);
    assert_true(pressed_keys_has(&router.hotkeys.down, INPUT_PAGE_KEYBOARD, TOGGLE));
  }
}

static void random_users_keep_the_invariants(void **state) {
  (void)state;
  const char *seed = getenv("TRANSOM_SEED");
  unsigned runs = getenv("TRANSOM_LONG") ? 10000 : 200, first = seed ? (unsigned)strtoul(seed, NULL, 10) : 1;
  printf("seeds %u to %u\n", first, first + runs - 1);
  for (unsigned run = 0; run < runs; run++) {
    random_state = first + run;
    begin(run % 3 != 0, run % 5 == 0);
    counting.base.impl = &counting_impl;
    counting_reset(&counting.base);
    input_router_set_sink(&router, &counting.base, true, now_ns);
    for (unsigned i = 0; i < 500; i++) {
      unsigned what = random_below(100);
      what < 85 ? random_input() : what < 95 ? random_world() : let_time_pass();
      check_invariants();
    }
    input_router_step(&router, CAPTURE_LEAVE, INPUT_NOTE_FOCUS, now_ns);
    assert_int_equal(counting.count, 0);
    assert_false(devices.grabbed || window.grabbed);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
  const struct CMUnitTest tests[] = {
      TEST(toggle_captures_devices_and_gives_them_back),
      TEST(without_devices_the_window_is_taken),
      TEST(busy_devices_leave_the_window),
      TEST(capture_waits_for_the_keys),
      TEST(a_stuck_key_ends_the_wait),
      TEST(a_key_that_races_the_grab_is_given_back),
      TEST(modes_want_their_own_motion),
      TEST(motion_is_summed_but_overtakes_nothing),
      TEST(every_way_out_releases_the_guest),
      TEST(a_guest_that_hears_again_is_captured_again),
      TEST(a_deaf_guest_is_not_captured),
      TEST(another_sink_starts_clean),
      TEST(devices_that_go_take_the_capture_with_them),
      TEST(the_toggle_is_one_that_the_keyboard_has),
      TEST(ctrl_alt_del_is_sent_whole),
      TEST(commands_reach_the_owner),
      TEST(panic_releases_in_the_middle_of_everything),
      TEST(host_keys_go_to_the_host_from_devices_alone),
      TEST(a_click_captures_when_it_may),
      TEST(leds_are_mirrored_while_captured),
      TEST(controllers_speak_only_while_captured),
      TEST(eight_thousand_reports_a_second_lose_nothing),
      TEST(random_users_keep_the_invariants),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
