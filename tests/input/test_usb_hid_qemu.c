/* The USB sink against a real QEMU with a Linux guest: what was sent, and what the guest's own event devices report. One boot. */
#include "guest_keys.h"
#include "usb_fixture.h"

#include "common/log.h"
#include "support/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_USAGE_A 0x04
#define ROLLOVER 20
#define MOTIONS 1000
#define WHEEL_EVERY 32 /* wheels are not merged: all of them fit into the queue, so that a slow guest loses none */
#define SUM_TRIES 1000 /* QEMU's EHCI takes some hundred reports a second */

static struct usb_fixture fixture;

/* The next key event of the guest. */
static void expect_key(struct usb_fixture *f, unsigned code, bool down) {
  char wanted[32];
  const char *line = guest_machine_wait(&f->machine, " 1 ");
  snprintf(wanted, sizeof(wanted), " 1 %u %d", code, down);
  const char *found = strstr(line, " 1 ");
  if (strcmp(found, wanted) != 0)
    fail_msg("expected%s, the guest reports%s", wanted, found);
}

static void every_key_arrives_as_itself(void **state) {
  struct usb_fixture *f = *state;
  for (size_t i = 0; i < GUEST_KEYS; i++) {
    const struct guest_key *key = &guest_keys[i];
    usb_fixture_key(f, key->page, key->usage, true);
    usb_fixture_key(f, key->page, key->usage, false);
    expect_key(f, key->code, true);
    expect_key(f, key->code, false);
  }
}

static void twenty_keys_at_once(void **state) {
  struct usb_fixture *f = *state;
  for (unsigned i = 0; i < ROLLOVER; i++)
    usb_fixture_key(f, guest_keys[i].page, guest_keys[i].usage, true);
  for (unsigned i = 0; i < ROLLOVER; i++)
    expect_key(f, guest_keys[i].code, true);
  guest_machine_say(&f->machine, "held");
  for (unsigned i = 0; i < ROLLOVER; i++)
    guest_machine_wait(&f->machine, "held ");
  f->sink->impl->reset(f->sink);
  for (unsigned i = 0; i < ROLLOVER; i++)
    guest_machine_wait(&f->machine, " 1 ");
  guest_machine_say(&f->machine, "held");
  assert_null(strstr(guest_machine_sync(&f->machine), "held "));
}

static void sixteen_buttons(void **state) {
  struct usb_fixture *f = *state;
  for (int down = 1; down >= 0; down--) {
    for (int button = 0; button < INPUT_BUTTONS; button++)
      f->sink->impl->button(f->sink, (enum input_button)button, down);
    for (unsigned button = 0; button < INPUT_BUTTONS; button++)
      expect_key(f, BTN_MOUSE + button, down);
  }
}

static void leds_come_back(void **state) {
  struct usb_fixture *f = *state;
  static const unsigned masks[] = {INPUT_LED_CAPS, INPUT_LED_NUM | INPUT_LED_SCROLL, 0};
  for (size_t i = 0; i < 3; i++) {
    char line[32];
    snprintf(line, sizeof(line), "leds %u", masks[i]);
    guest_machine_say(&f->machine, line);
    while (f->leds != masks[i]) /* the test's time-out is the bound */
      event_loop_run_once(f->loop, 100);
  }
}

static void the_absolute_pointer_points(void **state) {
  struct usb_fixture *f = *state;
  f->sink->impl->absolute(f->sink, 1234, INPUT_ABSOLUTE_MAX + 5);
  guest_machine_wait(&f->machine, " 3 0 1234");
  guest_machine_wait(&f->machine, " 3 1 32767");
  f->sink->impl->absolute(f->sink, -1, 77);
  guest_machine_wait(&f->machine, " 3 0 0");
  guest_machine_wait(&f->machine, " 3 1 77");
}

/* The last of the motion and the click share a report, in which Linux looks at buttons first. */
static void motion_stays_before_its_click(void **state) {
  struct usb_fixture *f = *state;
  f->sink->impl->relative(f->sink, 40000, 0); /* more than a report holds */
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, true);
  f->sink->impl->button(f->sink, INPUT_BUTTON_LEFT, false);
  static const char *const lines[] = {" 2 0 32767", " 1 272 1", " 2 0 7233", " 1 272 0"};
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    guest_machine_wait(&f->machine, lines[i]);
}

/* What `sync` says of an axis. */
static long long sum_of(const char *said, int wanted) {
  long long total = 0, sum;
  int number, code;
  for (const char *at = said; (at = strstr(at, "sum ")); at++)
    if (sscanf(at, "sum %d %d %lld", &number, &code, &sum) == 3 && code == wanted)
      total += sum;
  return total;
}

/* Until the guest has said all of it, since the reports take their way. */
static void expect_sums(struct usb_fixture *f, const long long *wanted, const int *codes, size_t count) {
  long long sums[8] = {0};
  for (int tries = 0; tries < SUM_TRIES; tries++) {
    event_loop_run_once(f->loop, tries < 50 ? tries : 50); /* looks less and less often */
    const char *said = guest_machine_sync(&f->machine);
    assert_null(strstr(said, "dropped"));
    bool all = true;
    for (size_t i = 0; i < count; i++) {
      sums[i] += sum_of(said, codes[i]);
      all &= sums[i] == wanted[i];
    }
    if (all)
      return;
  }
  for (size_t i = 0; i < count; i++)
    print_message("axis %d: sent %lld, the guest has %lld\n", codes[i], wanted[i], sums[i]);
  fail();
}

static void sums_are_exact(void **state) {
  struct usb_fixture *f = *state;
  static const int codes[] = {REL_X, REL_Y, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES};
  struct test_random random = {.state = 42};
  long long wanted[4] = {0};
  usb_fixture_record(f, "--name Transom --sum");
  for (int i = 0; i < MOTIONS; i++) {
    const int32_t dx = (int32_t)test_random_below(&random, 2001) - 1000, dy = (int32_t)test_random_below(&random, 100001) - 50000;
    const int32_t wheel = (int32_t)test_random_below(&random, 481) - 240, pan = test_random_one_in(&random, 3) ? 15 : 0;
    f->sink->impl->relative(f->sink, dx, dy);
    if (i % WHEEL_EVERY == 0)
      f->sink->impl->wheel(f->sink, wheel, pan);
    wanted[0] += dx;
    wanted[1] += dy;
    wanted[2] += i % WHEEL_EVERY == 0 ? wheel : 0;
    wanted[3] += i % WHEEL_EVERY == 0 ? pan : 0;
    event_loop_run_once(f->loop, 0);
  }
  expect_sums(f, wanted, codes, 4);
  usb_fixture_record(f, "--name Transom");
}

static void press_and_expect_a(struct usb_fixture *f) {
  usb_fixture_key(f, INPUT_PAGE_KEYBOARD, KEY_USAGE_A, true);
  usb_fixture_key(f, INPUT_PAGE_KEYBOARD, KEY_USAGE_A, false);
  expect_key(f, KEY_A, true);
  expect_key(f, KEY_A, false);
}

static void detaches_and_attaches_again(void **state) {
  struct usb_fixture *f = *state;
  const unsigned rounds = usb_fixture_rounds("detach and attach again", 50, 10);
  for (unsigned i = 0; i < rounds; i++) {
    input_sink_usb_hid_detach(f->sink);
    assert_false(f->ready);
    for (int device = 0; device < USB_FIXTURE_GUEST_DEVICES; device++)
      guest_machine_wait(&f->machine, "gone ");
    if (i % 2)
      assert_true(input_sink_usb_hid_connect(f->sink, f->machine.usb_socket));
    else
      assert_true(input_sink_usb_hid_attach(f->sink, usb_fixture_connect(f)));
    usb_fixture_wait_ready(f);
    press_and_expect_a(f);
  }
}

static void an_unplug_releases_what_is_down(void **state) {
  struct usb_fixture *f = *state;
  guest_machine_record(&f->machine, "--name Transom --console");
  for (int i = 0; i < 3; i++) {
    usb_fixture_key(f, INPUT_PAGE_KEYBOARD, guest_keys[i].usage, true);
    char line[32];
    snprintf(line, sizeof(line), "console %u 1", guest_keys[i].code);
    guest_machine_wait(&f->machine, line);
  }
  input_sink_usb_hid_detach(f->sink);
  for (int i = 0; i < 3; i++)
    guest_machine_wait(&f->machine, " 0"); /* in an order of the kernel's */
  assert_true(input_sink_usb_hid_connect(f->sink, f->machine.usb_socket));
  usb_fixture_wait_ready(f);
  guest_machine_record(&f->machine, "--name Transom");
}

static void game_pad(struct usb_fixture *f, uint16_t page, uint16_t usage, int32_t value) {
  f->sink->impl->controller(f->sink, 1, page, usage, value);
}

static void a_game_controller_is_a_game_pad(void **state) {
  struct usb_fixture *f = *state;
  assert_true(input_sink_usb_hid_set_controllers(f->sink, 1));
  for (int device = 0; device < USB_FIXTURE_GUEST_DEVICES; device++)
    guest_machine_wait(&f->machine, "gone ");
  usb_fixture_wait_ready(f);
  guest_machine_wait(&f->machine, "device ");
  do { /* as the mouse: read while someone has it open */
    event_loop_run_once(f->loop, 20);
    game_pad(f, INPUT_PAGE_BUTTON, 1, 1);
    game_pad(f, INPUT_PAGE_BUTTON, 1, 0);
  } while (!strstr(guest_machine_sync(&f->machine), " 1 304 0")); /* EV_KEY, BTN_SOUTH */
  game_pad(f, INPUT_PAGE_DESKTOP, INPUT_USAGE_X, -12345);
  guest_machine_wait(&f->machine, " 3 0 -12345");
  game_pad(f, INPUT_PAGE_DESKTOP, 0x39, 2); /* hat to the right: EV_ABS, ABS_HAT0X */
  guest_machine_wait(&f->machine, " 3 16 1");
  f->sink->impl->reset(f->sink);
  guest_machine_wait(&f->machine, " 3 16 0");
  assert_true(input_sink_usb_hid_set_controllers(f->sink, 0));
  for (int device = 0; device < USB_FIXTURE_GUEST_DEVICES + 1; device++)
    guest_machine_wait(&f->machine, "gone ");
  usb_fixture_wait_ready(f);
}

/* And on the other controller: usb-redir takes the first. */
static void comes_back_after_a_restart_of_qemu(void **state) {
  struct usb_fixture *f = *state;
  guest_machine_kill(&f->machine);
  usb_fixture_wait_unready(f);
  guest_machine_boot(&f->machine, (const char *const[]){"-device", "ich9-usb-ehci1", NULL});
  usb_fixture_record(f, "--name Transom"); /* may begin before or after the sink is back */
  press_and_expect_a(f);
  sixteen_buttons(state);
  sums_are_exact(state);
}

static int set_up(void **state) {
  struct usb_fixture *f = &fixture;
  *state = f;
  usb_fixture_create_sink(f);
  guest_machine_boot(&f->machine, NULL);
  guest_machine_record(&f->machine, "--name Transom");
  assert_true(input_sink_usb_hid_connect(f->sink, f->machine.usb_socket));
  usb_fixture_wait_ready(f);
  return 0;
}

static int tear_down(void **state) {
  struct usb_fixture *f = *state;
  f->sink->impl->destroy(f->sink);
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY))
    return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_key_arrives_as_itself),
      cmocka_unit_test(twenty_keys_at_once),
      cmocka_unit_test(sixteen_buttons),
      cmocka_unit_test(leds_come_back),
      cmocka_unit_test(the_absolute_pointer_points),
      cmocka_unit_test(motion_stays_before_its_click),
      cmocka_unit_test(sums_are_exact),
      cmocka_unit_test(detaches_and_attaches_again),
      cmocka_unit_test(an_unplug_releases_what_is_down),
      cmocka_unit_test(a_game_controller_is_a_game_pad),
      cmocka_unit_test(comes_back_after_a_restart_of_qemu),
  };
  const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
  guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
