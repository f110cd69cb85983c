/* The toggle, the commands under it, the chords that are the guest's, and the ways out: scripts of keys and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/input/hotkeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define START_MS 1000

static struct hotkeys hotkeys;
static char told[1024];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(told + strlen(told), sizeof told - strlen(told), format, arguments);
  va_end(arguments);
}

static void on_pass(const struct input_event *event, void *user_data) {
  (void)user_data;
  if (event->page == INPUT_PAGE_DESKTOP)
    say("wheel ");
  else
    say(event->page == INPUT_PAGE_BUTTON ? "b%u%c " : "%x%c ", event->usage, event->value ? '+' : '-');
}

static void on_hotkey(enum hotkey hotkey, uint64_t time_ns, void *user_data) {
  static const char *const names[] = {"TOGGLE", "PANIC", "RELEASE", "FULLSCREEN", "SCREENSHOT", "HUD", "QUIT", "CAD"};
  (void)time_ns, (void)user_data;
  if (hotkey < HOTKEY_CTRL_ALT_F1)
    say("%s ", names[hotkey]);
  else
    say("CAF%d ", hotkey - HOTKEY_CTRL_ALT_F1 + 1);
}

static const struct hotkeys_events events = {on_pass, on_hotkey};

static void use(const char *toggle) {
  struct toggle_key key;
  assert_true(toggle_key_parse(toggle, &key));
  hotkeys_init(&hotkeys, &key, &events, NULL);
  told[0] = 0;
}

/* "TIME WHAT": WHAT is a usage of page 7 in hexadecimal with + or -, b1+ for a button, wheel, or time for the clock alone. */
static void step(uint64_t time_ms, const char *what) {
  struct input_event event = {.page = INPUT_PAGE_KEYBOARD, .time_ns = (START_MS + time_ms) * MS, .value = strchr(what, '+') != NULL};
  uint64_t due_ns;
  while ((due_ns = hotkeys_deadline_ns(&hotkeys)) && due_ns <= event.time_ns) /* the owner's timer */
    hotkeys_time(&hotkeys, due_ns);
  if (strcmp(what, "time") == 0)
    return;
  if (strcmp(what, "wheel") == 0) {
    event.page = INPUT_PAGE_DESKTOP;
    event.usage = INPUT_USAGE_WHEEL;
    event.value = -120;
  } else if (what[0] == 'b' && what[1] >= '1' && what[1] <= '9' && (what[2] == '+' || what[2] == '-')) {
    event.page = INPUT_PAGE_BUTTON;
    event.usage = (uint16_t)(what[1] - '0');
  } else {
    event.usage = (uint16_t)strtoul(what, NULL, 16);
  }
  hotkeys_event(&hotkeys, &event);
}

static void run(const char *script) {
  char copy[512], *rest = copy, *word;
  snprintf(copy, sizeof copy, "%s", script);
  while ((word = strtok_r(rest, " ", &rest))) {
    uint64_t time_ms = strtoull(word, NULL, 10);
    step(time_ms, strtok_r(rest, " ", &rest));
  }
}

struct script {
  const char *toggle, *keys, *expected;
};

static const struct script scripts[] = {
    /* a tap, and what is none */
    {"right-ctrl", "0 e4+ 399 e4-", "TOGGLE "},
    {"right-ctrl", "0 e4+ 400 e4-", ""},
    {"right-ctrl", "0 e4+ 100 e4+ 200 e4-", "TOGGLE "}, /* a repeat */
    {"right-ctrl", "0 e4-", ""},
    {"right-ctrl", "0 1a+ 100 e4+ 200 e4- 300 1a-", "1a+ TOGGLE 1a- "}, /* in the middle of a game */
    {"right-ctrl", "0 1a+ 100 e4+ 150 1a- 200 e4-", "1a+ 1a- TOGGLE "}, /* a release is no chord */
    {"right-ctrl", "0 e0+ 100 e0- 200 4+ 300 4-", "e0+ e0- 4+ 4- "},    /* the left one is the guest's */
    {"scrolllock", "0 47+ 10 47- 20 e4+ 30 e4-", "TOGGLE e4+ e4- "},
    {"f12", "0 45+ 10 45-", "TOGGLE "},
    /* commands: nothing of them for the guest, and no toggle after them */
    {"right-ctrl", "0 e4+ 50 9+ 60 9- 70 e4-", "FULLSCREEN "},
    {"right-ctrl", "0 e4+ 50 9+ 60 e4- 70 9-", "FULLSCREEN "},
    {"right-ctrl", "0 e4+ 50 16+ 60 16- 70 b+ 80 b- 90 15+ 95 15- 99 e4-", "SCREENSHOT HUD RELEASE "},
    {"right-ctrl", "0 e4+ 2000 14+ 2010 14- 2020 e4-", "QUIT "}, /* held long before */
    {"right-ctrl", "0 e4+ 50 4c+ 60 4c- 70 e4-", "CAD "},
    {"right-ctrl", "0 e4+ 50 3a+ 60 3a- 70 45+ 80 45- 90 e4-", "CAF1 CAF12 "},
    {"right-ctrl", "0 9+ 10 9-", "9+ 9- "}, /* letters alone are letters */
    /* chords: the guest gets what was swallowed, in order, and the toggle's release too */
    {"right-ctrl", "0 e4+ 50 6+ 60 6- 70 e4-", "e4+ 6+ 6- e4- "},
    {"right-ctrl", "0 e4+ 50 6+ 60 e4- 70 6-", "e4+ 6+ e4- 6- "},
    {"right-ctrl", "0 e4+ 50 b1+ 60 b1- 70 e4-", "e4+ b1+ b1- e4- "},
    {"right-ctrl", "0 e4+ 50 wheel 60 e4-", "e4+ wheel e4- "},
    {"right-ctrl", "0 e4+ 50 6+ 60 6- 70 9+ 80 9- 90 e4-", "e4+ 6+ 6- 9+ 9- e4- "}, /* a chord stays one */
    {"right-ctrl", "0 e4+ 50 9+ 60 9- 70 6+ 80 6- 90 e4-", "FULLSCREEN e4+ 6+ 6- e4- "},
    /* two keys */
    {"ctrl-ctrl", "0 e0+ 100 e4+ 200 e0- 300 e4-", "TOGGLE "},
    {"ctrl-ctrl", "0 e4+ 100 e0+ 200 e0- 300 e4-", "TOGGLE "},
    {"ctrl-ctrl", "0 e0+ 100 e0-", "e0+ e0- "},
    {"ctrl-ctrl", "0 e0+ 100 6+ 200 6- 300 e0-", "e0+ 6+ 6- e0- "},
    {"ctrl-ctrl", "0 e0+ 100 b1+ 200 b1- 300 e0-", "e0+ b1+ b1- e0- "},
    {"ctrl-ctrl", "0 e0+ 400 time 500 e4+ 600 e4- 700 e0-", "e0+ e4+ e4- e0- "}, /* too slow: both the guest's */
    {"ctrl-ctrl", "0 e0+ 100 e4+ 200 9+ 250 9- 300 e4- 400 e0-", "FULLSCREEN "},
    {"ctrl-ctrl", "0 e0+ 100 e4+ 200 6+ 250 6- 300 e4- 400 e0-", "e0+ e4+ 6+ 6- e4- e0- "},
    {"ctrl-ctrl", "0 e0+ 100 e4+ 150 e4- 160 e4+ 170 e4- 200 e0-", "TOGGLE e4+ e4- "},
    {"ctrl-scrolllock", "0 e4+ 100 47+ 150 47- 200 e4-", "TOGGLE "},
    {"ctrl-scrolllock", "0 47+ 100 e0+ 150 47- 200 e0-", "TOGGLE "},
    {"ctrl-scrolllock", "0 e0+ 50 e4+ 100 e4- 150 e0-", "e0+ e4+ e4- e0- "},
    {"ctrl-scrolllock", "0 e0+ 50 47+ 60 e4+ 100 47- 150 e0- 160 e4-", "TOGGLE "},
    {"meta-meta", "0 e3+ 100 e7+ 150 e3- 200 e7-", "TOGGLE "},
    /* the ways out */
    {"right-ctrl", "0 e4+ 5000 time 5100 e4-", "PANIC "},
    {"right-ctrl", "0 e4+ 4999 time 4999 e4-", ""},
    {"right-ctrl", "0 e4+ 50 6+ 60 6- 5000 time 5100 e4-", "e4+ 6+ 6- PANIC e4- "}, /* even while the guest has the key */
    {"right-ctrl", "0 e4+ 50 9+ 60 9- 5000 time 5100 e4- 5200 e4+ 5300 e4-", "FULLSCREEN PANIC TOGGLE "},
    {"ctrl-ctrl", "0 e0+ 100 e4+ 5100 time 5200 e4- 5300 e0-", "PANIC "},
    {"ctrl-ctrl", "0 e0+ 500 e4+ 5499 time 5500 time 5600 e4- 5700 e0-", "e0+ e4+ PANIC e4- e0- "},
    {"scrolllock", "0 e0+ 1 e1+ 2 e2+ 3 29+ 4 29- 5 e2- 6 e1- 7 e0-", "e0+ e1+ e2+ PANIC e2- e1- e0- "},
    {"scrolllock", "0 e4+ 1 e5+ 2 e6+ 3 29+ 4 29-", "e4+ e5+ e6+ PANIC "},
    {"scrolllock", "0 e4+ 1 e5+ 3 29+ 4 29-", "e4+ e5+ 29+ 29- "},
    {"right-ctrl", "0 e4+ 1 e1+ 2 e2+ 3 29+ 4 29-", "e4+ e1+ e2+ PANIC "},
};

static void every_script_is_told_as_expected(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    use(scripts[i].toggle);
    run(scripts[i].keys);
    if (strcmp(told, scripts[i].expected) != 0)
      fail_msg("%s, '%s': '%s' instead of '%s'", scripts[i].toggle, scripts[i].keys, told, scripts[i].expected);
    assert_int_equal(hotkeys.swallowed.count, 0); /* nothing is swallowed for ever */
  }
}

static void a_late_timer_does_not_hide_the_panic(void **state) {
  (void)state;
  use("right-ctrl");
  hotkeys_event(&hotkeys, &(struct input_event){.page = 7, .usage = 0xe4, .value = 1, .time_ns = 1});
  hotkeys_event(&hotkeys, &(struct input_event){.page = 7, .usage = 0xe4, .value = 0, .time_ns = 1 + HOTKEYS_PANIC_NS});
  assert_string_equal(told, "PANIC ");
}

static void f11_is_ours_only_when_told_so(void **state) {
  (void)state;
  use("right-ctrl");
  run("0 44+ 10 44-");
  assert_string_equal(told, "44+ 44- ");
  use("right-ctrl");
  hotkeys.takes_f11 = true;
  run("0 44+ 10 44- 20 e4+ 30 44+ 40 44- 50 e4-");
  assert_string_equal(told, "FULLSCREEN CAF11 ");
}

static void reset_forgets_what_was_swallowed(void **state) {
  (void)state;
  use("right-ctrl");
  run("0 e4+");
  hotkeys_reset(&hotkeys);
  assert_int_equal(hotkeys_deadline_ns(&hotkeys), 0);
  run("50 e4- 60 6+ 70 6-");
  assert_string_equal(told, "6+ 6- ");
}

static bool has_no_ctrl(uint16_t usage, void *user_data) {
  (void)user_data;
  return usage != 0xe4;
}
static bool has_left_side(uint16_t usage, void *user_data) {
  (void)user_data;
  return usage != 0xe4 && usage != 0x47;
}
static bool has_nothing(uint16_t usage, void *user_data) {
  (void)usage, (void)user_data;
  return false;
}

static void the_next_toggle_is_taken_where_one_is_missing(void **state) {
  (void)state;
  struct toggle_key toggle;
  toggle_key_choose(has_no_ctrl, NULL, &toggle);
  assert_string_equal(toggle.label, "Scroll Lock");
  toggle_key_choose(has_left_side, NULL, &toggle);
  assert_string_equal(toggle.label, "Pause");
  toggle_key_choose(has_nothing, NULL, &toggle);
  assert_string_equal(toggle.label, "Right Ctrl");
}

static void toggles_have_libvirts_names_and_qemus(void **state) {
  (void)state;
  static const char *const good[] = {"ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock", "pause", "f12"};
  static const char *const bad[] = {"", "rctrl", "ctrl-", "audioplay", "Right Ctrl"};
  struct toggle_key toggle;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(toggle_key_parse(good[i], &toggle));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(toggle_key_parse(bad[i], &toggle));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_script_is_told_as_expected),
      cmocka_unit_test(a_late_timer_does_not_hide_the_panic),
      cmocka_unit_test(f11_is_ours_only_when_told_so),
      cmocka_unit_test(reset_forgets_what_was_swallowed),
      cmocka_unit_test(the_next_toggle_is_taken_where_one_is_missing),
      cmocka_unit_test(toggles_have_libvirts_names_and_qemus),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
