/* An agent with several sources: each has its head, they come and go, and the region may have no room for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/agent_fixture.h"

#include <errno.h>
#include <stdlib.h>

#define SOURCES 3u
#define SECOND UINT64_C(1000000000)

/* A screen of one colour. */
struct plain_screen {
  struct screen_capture capture;
  struct screen_mode mode;
  int result; /* of acquire() */
  uint32_t *pixels;
};

static struct plain_screen screens[SOURCES];

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct plain_screen *screen = (struct plain_screen *)capture;
  *frame = (struct screen_frame){.mode = screen->mode,
                                 .pixels = (const uint8_t *)screen->pixels,
                                 .pitch_bytes = (size_t)screen->mode.width * 4,
                                 .acquired_ns = now_ns};
  return screen->result;
}

static void release(struct screen_capture *capture) { (void)capture; }

static const struct screen_capture_impl impl = {.name = "plain", .acquire = acquire, .release = release};

static uint32_t colour(uint32_t screen) { return 0xff102030u * (screen + 1); }

static void set_up_screen(uint32_t number, uint32_t width, uint32_t height) {
  struct plain_screen *screen = &screens[number];
  free(screen->pixels);
  *screen = (struct plain_screen){.capture = {.impl = &impl, .period_ns = 10000000, .text = "for a reason"},
                                  .mode = {width, height, TRANSOM_FORMAT_BGRA8, 0},
                                  .pixels = malloc((size_t)width * height * 4)};
  for (size_t i = 0; i < (size_t)width * height; i++)
    screen->pixels[i] = colour(number);
}

static int setup(void **state) {
  if (agent_fixture_setup(state) != 0)
    return -1;
  struct agent_fixture *fixture = *state;
  agent_destroy(fixture->agent);
  for (uint32_t i = 0; i < SOURCES; i++) {
    set_up_screen(i, 320 + 64 * i, 200);
    fixture->ports.captures[i] = &screens[i].capture;
  }
  fixture->agent = agent_create(&fixture->options, &fixture->ports);
  return fixture->agent ? 0 : -1;
}

static int teardown(void **state) {
  for (uint32_t i = 0; i < SOURCES; i++) {
    free(screens[i].pixels);
    screens[i].pixels = NULL;
  }
  return agent_fixture_teardown(state);
}

static void run(struct agent_fixture *fixture, uint64_t length_ns) {
  agent_fixture_run(fixture, length_ns);
  agent_fixture_attach(fixture);
}

static uint64_t formats(const struct agent_fixture *fixture) {
  struct agent_stats stats;
  agent_stats(fixture->agent, &stats);
  return stats.formats;
}

static void assert_shown(struct agent_fixture *fixture, uint32_t head) {
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_frame frame;
  assert_int_equal(consumer_join(&consumer, &fixture->region, head, head, TRANSOM_PEER_NONE, UINT32_MAX, TRANSOM_FEATURES_KNOWN), 0);
  frame_reader_init(&reader, &consumer);
  assert_int_equal(frame_reader_acquire(&reader, TRANSOM_ACQUIRE_COMPLETE, false, 0, &frame), 0);
  assert_int_equal(frame.descriptor.width, screens[head].mode.width);
  assert_int_equal(frame.descriptor.height, screens[head].mode.height);
  for (uint32_t y = 0; y < frame.descriptor.height; y++) {
    const volatile uint32_t *row = (const volatile uint32_t *)(frame.pixels + (size_t)y * frame.descriptor.pitch_bytes);
    for (uint32_t x = 0; x < frame.descriptor.width; x++)
      assert_int_equal(row[x], colour(head));
  }
  frame_reader_release(&reader, &frame);
  consumer_leave(&consumer);
}

static void assert_heads(struct agent_fixture *fixture, uint32_t count) {
  assert_int_equal(fixture->region.head_count, count);
  for (uint32_t i = 0; i < count; i++)
    assert_shown(fixture, i);
}

static void each_source_has_its_head(void **state) {
  struct agent_fixture *fixture = *state;
  run(fixture, SECOND / 10);
  assert_heads(fixture, SOURCES);
}

static void a_screen_that_comes_later_is_published_too(void **state) {
  struct agent_fixture *fixture = *state;
  screens[1].result = screens[2].result = -ENODEV;
  run(fixture, SECOND);
  assert_heads(fixture, 1);
  screens[1].result = 0;
  run(fixture, 3 * SECOND);
  assert_heads(fixture, 2);
  screens[2].result = 0;
  run(fixture, 3 * SECOND);
  assert_heads(fixture, 3);
}

static void the_last_screen_loses_its_head_when_it_is_gone(void **state) {
  struct agent_fixture *fixture = *state;
  run(fixture, SECOND);
  screens[1].result = -ENODEV; /* not the last: its picture stays where it is */
  const uint64_t before = formats(fixture);
  run(fixture, 5 * SECOND);
  assert_int_equal(fixture->region.head_count, 3);
  assert_int_equal(formats(fixture), before);
  screens[2].result = -ENODEV;
  run(fixture, 6 * SECOND);
  assert_heads(fixture, 1);
  screens[0].result = -ENODEV; /* the first stays, and says so */
  run(fixture, 6 * SECOND);
  assert_int_equal(fixture->region.head_count, 1);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_NO_DISPLAY);
}

static void a_screen_that_blinks_keeps_its_head(void **state) {
  struct agent_fixture *fixture = *state;
  run(fixture, SECOND);
  const uint64_t before = formats(fixture);
  for (int i = 0; i < 5; i++) {
    screens[2].result = -ENODEV;
    run(fixture, SECOND * 3 / 2);
    screens[2].result = 0;
    run(fixture, SECOND * 3 / 2);
  }
  assert_int_equal(formats(fixture), before);
  assert_heads(fixture, 3);
}

static void what_does_not_fit_is_left_out_from_the_end(void **state) {
  struct agent_fixture *fixture = *state;
  set_up_screen(2, 1024, 1024); /* two slots of 4 MiB besides what the others take: more than the region has */
  run(fixture, SECOND);
  assert_heads(fixture, 2);
  const uint64_t before = formats(fixture);
  run(fixture, 10 * SECOND);
  assert_int_equal(formats(fixture), before); /* those that fit are not disturbed */
  set_up_screen(2, 320, 200);
  run(fixture, 3 * SECOND);
  assert_heads(fixture, 3);
  set_up_screen(0, 1024, 800); /* the primary screen goes first */
  run(fixture, 3 * SECOND);
  assert_heads(fixture, 1);
}

static void the_status_is_the_first_screens(void **state) {
  struct agent_fixture *fixture = *state;
  screens[1].result = -ENOTSUP;
  run(fixture, SECOND);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_RUNNING);
  screens[1].result = 0;
  screens[0].result = -ENOTSUP;
  run(fixture, 3 * SECOND);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_UNREADABLE);
  assert_string_equal(agent_fixture_status(fixture).text, "for a reason");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(each_source_has_its_head, setup, teardown),
      cmocka_unit_test_setup_teardown(a_screen_that_comes_later_is_published_too, setup, teardown),
      cmocka_unit_test_setup_teardown(the_last_screen_loses_its_head_when_it_is_gone, setup, teardown),
      cmocka_unit_test_setup_teardown(a_screen_that_blinks_keeps_its_head, setup, teardown),
      cmocka_unit_test_setup_teardown(what_does_not_fit_is_left_out_from_the_end, setup, teardown),
      cmocka_unit_test_setup_teardown(the_status_is_the_first_screens, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
