/* The USB sink against a real QEMU with a Linux guest: what was sent, and what the guest's own event devices report. One boot. */
#include "host/event/event_loop.h"
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"
#include "support/guest_machine.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY_A 0x04
#define GUEST_DEVICES 4 /* boot keyboard, keys, mouse, absolute pointer */

struct fixture {
  struct event_loop *loop;
  struct guest_machine machine;
  struct input_sink *sink;
  bool ready;
  uint32_t leds;
};

static struct fixture fixture;

static void on_ready(bool ready, void *user_data) { ((struct fixture *)user_data)->ready = ready; }
static void on_leds(uint32_t leds, void *user_data) { ((struct fixture *)user_data)->leds = leds; }

static bool is_ready(void *user_data) { return ((struct fixture *)user_data)->ready; }

static void key(struct fixture *f, uint16_t page, uint16_t usage, bool down) { f->sink->impl->key(f->sink, page, usage, down); }

static void typed_keys_arrive(void **state) {
  struct fixture *f = *state;
  key(f, INPUT_PAGE_KEYBOARD, KEY_A, true);
  key(f, INPUT_PAGE_KEYBOARD, KEY_A, false);
  guest_machine_wait(&f->machine, " 1 30 1");
  guest_machine_wait(&f->machine, " 1 30 0");
}

static int set_up(void **state) {
  struct fixture *f = &fixture;
  *state = f;
  f->sink = input_sink_usb_hid_create(f->loop);
  assert_non_null(f->sink);
  f->sink->ready = on_ready;
  f->sink->ready_user_data = f;
  f->sink->leds = on_leds;
  f->sink->leds_user_data = f;
  guest_machine_boot(&f->machine, NULL);
  guest_machine_record(&f->machine, "--name Transom");
  assert_true(input_sink_usb_hid_connect(f->sink, f->machine.usb_socket));
  guest_machine_until(&f->machine, is_ready, f, "the guest's driver reads the keyboard");
  for (int i = 0; i < GUEST_DEVICES; i++)
    guest_machine_wait(&f->machine, "device "); /* the recorder has it open */
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  f->sink->impl->destroy(f->sink);
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY))
    return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(typed_keys_arrive),
  };
  const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
  guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
