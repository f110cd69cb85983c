#include "support/agent_fixture.h"

#include "guest/core/frame_copier.h"
#include "protocol/clock_cell.h"
#include "protocol/control_message.h"
#include "protocol/cursor.h"
#include "protocol/region_format.h"
#include "protocol/ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static struct transom_frame newest(struct transom_frame_reader *reader, bool hold, uint64_t newer_than) {
  struct transom_frame frame;
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, hold, newer_than, &frame), 0);
  assert_true(frame_reader_intact(reader, &frame));
  return frame;
}

static struct transom_frame_reader *start(struct agent_fixture *fixture) {
  agent_fixture_step(fixture);
  agent_fixture_attach(fixture);
  return agent_fixture_consumer(fixture, 0);
}

/* ---- frames ---- */

static void publishes_the_whole_screen_first(void **state) {
  struct agent_fixture *fixture = *state;
  agent_fixture_touch(fixture, 319, 199);
  struct transom_frame_reader *reader = start(fixture);
  struct transom_frame frame = newest(reader, true, 0);
  assert_true(agent_fixture_shows(fixture, &frame));
  assert_true(frame.descriptor.flags & TRANSOM_FRAME_FULL_DAMAGE);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_RUNNING);
}

static void publishes_only_what_changed(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_frame_reader *reader = start(fixture);
  agent_fixture_touch(fixture, 70, 130);
  agent_fixture_run(fixture, 300 * MS); /* by then it has seen the consumer, and the screen */
  struct transom_frame frame = newest(reader, false, 1);
  assert_int_equal(frame.sequence, 2);
  assert_int_equal(frame.descriptor.damage_count, 1);
  assert_int_equal(frame.descriptor.damage[0].x, 64);
  assert_int_equal(frame.descriptor.damage[0].y, 128);
  assert_true(agent_fixture_shows(fixture, &frame));
}

/* A consumer that takes frames now and then and copies only the damage that the reader names ends up with the screen. */
static void apply(const struct agent_fixture *fixture, const struct transom_frame *frame, const struct transom_damage *damage,
                  uint8_t *mine) {
  const struct transom_rect all = {0, 0, (uint16_t)fixture->mode.width, (uint16_t)fixture->mode.height};
  for (uint32_t i = 0; i < (damage->full ? 1 : damage->count); i++) {
    const struct transom_rect rect = damage->full ? all : damage->rects[i];
    for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++) {
      const size_t left = (size_t)rect.x * 4, row = (size_t)y * fixture->mode.width * 4;
      memcpy(mine + row + left, (const uint8_t *)(uintptr_t)frame->pixels + (size_t)y * frame->descriptor.pitch_bytes + left,
             (size_t)rect.width * 4);
    }
  }
}

static void damage_is_enough_for_a_lazy_consumer(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_frame_reader *reader = start(fixture);
  uint8_t *mine = malloc((size_t)320 * 200 * 4);
  uint64_t since = 0;
  uint32_t seed = 99;
  for (int i = 0; i < 400; i++) {
    seed = seed * 1664525 + 1013904223;
    agent_fixture_touch(fixture, (seed >> 8) % 320, (seed >> 20) % 200);
    agent_fixture_run(fixture, 11 * MS);
    if (seed >> 28 < 10)
      continue;
    struct transom_frame frame;
    if (frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, since, &frame) != 0)
      continue;
    struct transom_damage damage;
    frame_reader_damage(reader, &frame, since, &damage);
    apply(fixture, &frame, &damage, mine);
    assert_true(frame_reader_intact(reader, &frame));
    since = frame.sequence;
    frame_reader_release(reader, &frame);
  }
  agent_fixture_run(fixture, 300 * MS);
  struct transom_frame frame;
  struct transom_damage damage = {0};
  if (frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, since, &frame) == 0) {
    frame_reader_damage(reader, &frame, since, &damage);
    apply(fixture, &frame, &damage, mine);
  }
  assert_memory_equal(mine, fixture->screen, (size_t)320 * 200 * 4);
  assert_int_equal(reader->bad, 0);
  assert_true(since > 50);
  free(mine);
}

/* Two holds and the newest fill three slots: what was to come is remembered, and comes although the screen has not changed again. */
static void publishes_later_what_found_no_slot(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_frame_reader *first = start(fixture), *second = agent_fixture_consumer(fixture, 1);
  struct transom_frame held = newest(first, true, 0);
  agent_fixture_touch(fixture, 10, 10);
  agent_fixture_run(fixture, 300 * MS);
  struct transom_frame also_held = newest(second, true, 1);
  agent_fixture_touch(fixture, 10, 10);
  agent_fixture_run(fixture, 20 * MS);
  agent_fixture_touch(fixture, 100, 100);
  agent_fixture_run(fixture, 20 * MS);
  frame_reader_release(first, &held);
  frame_reader_release(second, &also_held);
  agent_fixture_run(fixture, 10 * MS);
  struct transom_frame frame = newest(first, false, 0);
  assert_true(agent_fixture_shows(fixture, &frame));
  struct agent_stats stats;
  agent_stats(fixture->agent, &stats);
  assert_true(stats.frames_skipped > 0);
}

static void a_redraw_request_brings_a_full_frame(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_frame_reader *reader = start(fixture);
  struct transom_ring ring;
  ring_init(&ring, &fixture->region.to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_HOST_SENDS, 4711);
  agent_fixture_run(fixture, 300 * MS);
  assert_true(ring_is_open(&ring));
  assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_REDRAW, NULL, 0), 0);
  agent_fixture_run(fixture, 300 * MS);
  struct transom_frame frame = newest(reader, false, 1);
  assert_true(frame.descriptor.flags & TRANSOM_FRAME_FULL_DAMAGE);
}

struct noted_status {
  enum transom_agent_state states[8];
  char text[64];
  uint32_t count;
};

static void note_status(enum transom_agent_state state, const char *text, void *user_data) {
  struct noted_status *noted = user_data;
  noted->states[noted->count++ % 8] = state;
  snprintf(noted->text, sizeof noted->text, "%s", text);
}

/* Each change once, in their order, as the status record says it. */
static void says_each_change_of_its_status(void **state) {
  struct agent_fixture *fixture = *state;
  struct noted_status noted = {.count = 0};
  fixture->ports.status_changed = note_status;
  fixture->ports.user_data = &noted;
  start(fixture);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(noted.states[0], TRANSOM_AGENT_STARTING);
  assert_int_equal(noted.states[noted.count - 1], TRANSOM_AGENT_RUNNING);
  const uint32_t before = noted.count; /* each formatting is a start of its own */
  fixture->result = -ENODEV;
  agent_fixture_run(fixture, 3000 * MS);
  assert_int_equal(noted.count, before + 1);
  assert_int_equal(noted.states[before], TRANSOM_AGENT_NO_DISPLAY);
  assert_string_equal(noted.text, agent_fixture_status(fixture).text);
}

static void note_mode(uint32_t width, uint32_t height, uint32_t refresh_mhz, void *user_data) {
  struct transom_control_mode_wish *noted = user_data;
  *noted = (struct transom_control_mode_wish){.head = noted->head + 1, .width = width, .height = height, .refresh_mhz = refresh_mhz};
}

/* A wish that no display can fulfil ends at the gate; a short one reads as filled with 0. */
static void hands_on_a_mode_that_the_viewer_wishes(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_control_mode_wish noted = {0}, wish = {.width = 2560, .height = 1440, .refresh_mhz = 144000};
  fixture->ports.mode_wished = note_mode;
  fixture->ports.user_data = &noted;
  start(fixture);
  struct transom_ring ring;
  ring_init(&ring, &fixture->region.to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_HOST_SENDS, 4711);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_MODE_WISH, &wish, sizeof wish), 0);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(noted.width, 2560);
  assert_int_equal(noted.height, 1440);
  assert_int_equal(noted.refresh_mhz, 144000);
  const struct transom_control_mode_wish bad[] = {{1, 640, 480, 0}, {0, 0, 480, 0}, {0, 640, 16385, 0}, {0, UINT32_MAX, 480, 0}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_MODE_WISH, &bad[i], sizeof bad[i]), 0);
  assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_MODE_WISH, &wish, 8), 0); /* no height */
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(noted.head, 1);                                             /* calls */
  assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_MODE_WISH, &wish, 12), 0); /* no rate: any */
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(noted.head, 2);
  assert_int_equal(noted.refresh_mhz, 0);
}

/* An agent that cannot set one says so where the viewer reads it, as long as somebody watches. */
static void says_that_it_sets_no_mode(void **state) {
  struct agent_fixture *fixture = *state;
  const struct transom_control_mode_wish wish = {.width = 800, .height = 600};
  start(fixture);
  struct transom_ring ring;
  ring_init(&ring, &fixture->region.to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_HOST_SENDS, 4711);
  agent_fixture_run(fixture, 300 * MS);
  assert_null(strstr(agent_fixture_status(fixture).text, "mode"));
  assert_int_equal(ring_send(&ring, TRANSOM_CONTROL_MODE_WISH, &wish, sizeof wish), 0);
  agent_fixture_run(fixture, 300 * MS);
  assert_non_null(strstr(agent_fixture_status(fixture).text, "showing "));
  assert_non_null(strstr(agent_fixture_status(fixture).text, "; the viewer's mode is not set: this agent cannot"));
}

/* ---- modes and states ---- */

static void follows_modes_and_formats_anew_when_it_must(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  const uint64_t epoch = fixture->region.epoch;
  fixture->mode.width = 640, fixture->mode.height = 480;
  agent_fixture_run(fixture, 300 * MS);
  agent_fixture_attach(fixture);
  assert_true(fixture->region.epoch == epoch); /* slots had grown to the region's size */
  struct transom_frame frame = newest(agent_fixture_consumer(fixture, 0), false, 0);
  assert_true(agent_fixture_shows(fixture, &frame));

  fixture->rings = 0;
  fixture->mode.width = 1000, fixture->mode.height = 800; /* two slots only */
  agent_fixture_run(fixture, 300 * MS);
  agent_fixture_attach(fixture);
  assert_true(fixture->region.epoch != epoch);
  assert_int_equal(fixture->rings, 1); /* the consumer is armed for nothing, and is told of the new epoch */
  assert_int_equal(fixture->last_vector, TRANSOM_VECTOR_EVENT);
  assert_int_equal(fixture->region.queues[0].slot_count, 2);
  frame = newest(agent_fixture_consumer(fixture, 0), false, 0);
  assert_true(agent_fixture_shows(fixture, &frame));

  fixture->mode.width = 320, fixture->mode.height = 200; /* three again */
  agent_fixture_run(fixture, 300 * MS);
  agent_fixture_attach(fixture);
  assert_int_equal(fixture->region.queues[0].slot_count, 3);
}

static void says_when_the_region_is_too_small(void **state) {
  struct agent_fixture *fixture = *state;
  struct transom_frame_reader *reader = start(fixture);
  fixture->mode.width = 4000, fixture->mode.height = 2000;
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_UNREADABLE);
  assert_non_null(strstr(agent_fixture_status(fixture).text, "needs 64 MiB"));
  fixture->mode.width = 320, fixture->mode.height = 200;
  agent_fixture_touch(fixture, 0, 0);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_RUNNING);
  struct transom_frame frame = newest(reader, false, 1);
  assert_true(agent_fixture_shows(fixture, &frame));
}

static void says_why_there_is_no_picture(void **state) {
  struct agent_fixture *fixture = *state;
  fixture->result = -ENODEV;
  start(fixture);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_NO_DISPLAY);
  assert_string_equal(agent_fixture_status(fixture).text, "for a reason");
  fixture->result = -ENOTSUP;
  agent_fixture_run(fixture, SECOND);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_UNREADABLE);
  fixture->result = 0;
  agent_fixture_run(fixture, SECOND);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_RUNNING);
}

static void leaves_a_region_that_another_agent_formatted(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  fixture->region.header->epoch = 4711;
  agent_fixture_run(fixture, 490 * MS);
  const uint64_t heartbeat = fixture->region.status->heartbeat;
  agent_fixture_step(fixture);
  agent_fixture_step(fixture);
  assert_int_equal(agent_end(fixture->agent), AGENT_REPLACED);
  agent_finish(fixture->agent);
  assert_int_equal(fixture->region.header->epoch, 4711);
  assert_int_equal(fixture->region.status->heartbeat, heartbeat);
}

static void says_goodbye(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  agent_finish(fixture->agent);
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_STOPPED);
  assert_int_equal(fixture->region.header->epoch, 0);
}

static void ends_after_so_many_frames(void **state) {
  struct agent_fixture *fixture = *state;
  fixture->options.frames_max = 2;
  start(fixture);
  assert_int_equal(agent_end(fixture->agent), AGENT_GOES_ON);
  agent_fixture_touch(fixture, 1, 1);
  agent_fixture_run(fixture, SECOND / 2);
  assert_int_equal(agent_end(fixture->agent), AGENT_DONE);
}

/* ---- time ---- */

static uint64_t wakeups(const struct agent_fixture *fixture) {
  struct agent_stats stats;
  agent_stats(fixture->agent, &stats);
  return stats.wakeups;
}

static void backs_off_when_the_screen_is_still(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  agent_fixture_run(fixture, 20 * SECOND);
  const uint64_t looks = fixture->looks, steps = wakeups(fixture);
  agent_fixture_run(fixture, 10 * SECOND);
  assert_in_range(fixture->looks - looks, 39, 41);
  assert_in_range(wakeups(fixture) - steps, 39, 65); /* heartbeats may fall between */
  agent_note_activity(fixture->agent);
  agent_fixture_run(fixture, SECOND);
  assert_in_range(fixture->looks - looks, 120, 145); /* a look each 10 ms again */
}

static void looks_once_a_second_when_nobody_watches(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  consumer_leave(&fixture->consumers[0]);
  agent_fixture_run(fixture, SECOND);
  const uint64_t looks = fixture->looks, steps = wakeups(fixture), heartbeat = agent_fixture_status(fixture).heartbeat;
  agent_fixture_run(fixture, 10 * SECOND);
  assert_in_range(fixture->looks - looks, 9, 11);
  assert_in_range(wakeups(fixture) - steps, 38, 65);
  assert_in_range(agent_fixture_status(fixture).heartbeat - heartbeat, 19, 21);
}

static void answers_the_clock_within_a_millisecond_once_asked(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  agent_fixture_run(fixture, 30 * SECOND);
  struct transom_clock_sample sample;
  assert_int_equal(clock_cell_ask(&fixture->consumers[0], 7, 0), 0);
  while (clock_cell_answer(&fixture->consumers[0], 7, 0, agent_fixture_now_ns, &sample) != 0)
    agent_fixture_step(fixture);
  assert_int_equal(sample.t2_ns, agent_fixture_now_ns());
  for (uint64_t sequence = 8; sequence < 20; sequence++) {
    const uint64_t asked_ns = agent_fixture_now_ns();
    assert_int_equal(clock_cell_ask(&fixture->consumers[0], sequence, asked_ns), 0);
    agent_fixture_step(fixture);
    assert_int_equal(clock_cell_answer(&fixture->consumers[0], sequence, asked_ns, agent_fixture_now_ns, &sample), 0);
    assert_in_range(sample.t2_ns - asked_ns, 1, MS);
  }
}

/* ---- bells and cursor ---- */

static void rings_who_is_armed(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(fixture->rings, 0);
  assert_int_equal(consumer_arm_frame(&fixture->consumers[0]), 0);
  agent_fixture_touch(fixture, 5, 5);
  agent_fixture_run(fixture, 20 * MS);
  assert_int_equal(fixture->rings, 1); /* once, though a frame is announced, banded and completed */
  assert_int_equal(fixture->last_vector, TRANSOM_VECTOR_FRAME);
  assert_int_equal(consumer_arm_event(&fixture->consumers[0]), 0);
  fixture->result = -ENODEV;
  agent_fixture_run(fixture, 20 * MS);
  assert_int_equal(fixture->rings, 2);
  assert_int_equal(fixture->last_vector, TRANSOM_VECTOR_EVENT);
}

/* A region formatted anew: its consumers are called, once each, though they are armed for an epoch that is gone. */
static void calls_who_was_there_before(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(fixture->rings, 0);
  fixture->mode.width = 1000, fixture->mode.height = 800; /* larger than the slots */
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(fixture->rings, 1);
  assert_int_equal(fixture->last_vector, TRANSOM_VECTOR_EVENT);
  assert_int_equal(fixture->last_peer, fixture->consumers[0].index);
}

static void rings_each_for_what_it_waits_for(void **state) {
  struct agent_fixture *fixture = *state;
  static const uint32_t wakes[] = {TRANSOM_WAKE_ANNOUNCED, TRANSOM_WAKE_BAND, TRANSOM_WAKE_COMPLETE};
  agent_fixture_step(fixture);
  agent_fixture_attach(fixture);
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(consumer_join(&fixture->consumers[i], &fixture->region, i, 0, i, wakes[i], TRANSOM_FEATURES_KNOWN), 0);
  agent_fixture_run(fixture, 300 * MS);
  for (uint32_t i = 0; i < 3; i++) {
    fixture->rings = 0;
    assert_int_equal(consumer_arm_frame(&fixture->consumers[i]), 0);
    agent_fixture_touch(fixture, 5, 5);
    agent_fixture_run(fixture, 20 * MS);
    assert_int_equal(fixture->rings, 1);
    assert_int_equal(fixture->last_peer, i);
  }
}

static void publishes_the_cursor_and_hides_it(void **state) {
  struct agent_fixture *fixture = *state;
  static uint32_t arrow[4] = {1, 2, 3, 4};
  fixture->cursor = (struct screen_cursor){
      .x = 17,
      .y = 18,
      .visible = true,
      .shape_serial = 5,
      .pixels = (const uint8_t *)arrow,
      .shape = {.type = TRANSOM_CURSOR_COLOUR, .width = 2, .height = 2, .pitch_bytes = 8, .hot_x = 1, .data_bytes = 16}};
  start(fixture);
  struct transom_cursor_reader reader;
  struct transom_cursor_state cursor;
  struct transom_cursor_shape shape;
  uint8_t *pixels = malloc(TRANSOM_CURSOR_DATA_MAX);
  cursor_reader_init(&reader, &fixture->region.cursors[0]);
  assert_int_equal(cursor_reader_state(&reader, &cursor), 0);
  assert_int_equal(cursor.x, 17);
  assert_true(cursor.flags & TRANSOM_CURSOR_VISIBLE);
  assert_int_equal(cursor_reader_shape(&reader, &cursor, &shape, pixels), 0);
  assert_memory_equal(pixels, arrow, sizeof arrow);
  fixture->cursor.visible = false;
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(cursor_reader_state(&reader, &cursor), 0);
  assert_false(cursor.flags & TRANSOM_CURSOR_VISIBLE);
  free(pixels);
}

/* A cursor of its own is followed between two looks at the screen, and while the screen has nothing new. */
static void follows_a_cursor_apart(void **state) {
  struct agent_fixture *fixture = *state;
  static uint32_t dot = 7;
  fixture->cursor =
      (struct screen_cursor){.x = 1,
                             .y = 2,
                             .visible = true,
                             .shape_serial = 5,
                             .pixels = (const uint8_t *)&dot,
                             .shape = {.type = TRANSOM_CURSOR_COLOUR, .width = 1, .height = 1, .pitch_bytes = 4, .data_bytes = 4}};
  fixture->capture.cursor_apart = true;
  start(fixture);
  agent_fixture_consumer(fixture, 0);
  struct transom_cursor_reader reader;
  struct transom_cursor_state cursor;
  cursor_reader_init(&reader, &fixture->region.cursors[0]);
  assert_int_equal(cursor_reader_state(&reader, &cursor), 0);
  fixture->result = -EAGAIN;
  agent_fixture_run(fixture, 300 * MS);
  const uint64_t looks = fixture->looks;
  fixture->cursor.x = 30;
  fixture->cursor.clipped = true;
  agent_fixture_run(fixture, 5 * MS);
  assert_true(fixture->looks <= looks + 1);
  assert_int_equal(cursor_reader_state(&reader, &cursor), 0);
  assert_int_equal(cursor.x, 30);
  assert_int_equal(cursor.flags, TRANSOM_CURSOR_VISIBLE | TRANSOM_CURSOR_CLIPPED);
}

/* The memory behind the region is another one now: not a word more into it. */
static void leaves_a_lost_device(void **state) {
  struct agent_fixture *fixture = *state;
  start(fixture);
  fixture->device.lost = true;
  agent_fixture_step(fixture);
  assert_int_equal(agent_end(fixture->agent), AGENT_DEVICE_LOST);
  const uint64_t epoch = fixture->region.epoch;
  agent_finish(fixture->agent);
  assert_true(epoch && validate_epoch(&fixture->region));
}

/* A copier of the source's: what it says of bands is passed on, and a copy that fails is no frame. */
struct fake_copier {
  struct frame_copier copier;
  struct agent_fixture *fixture;
  struct frame_copy copy;
  int fails_in_band; /* 0 = never */
  int bands;
};

static int start_copy(struct frame_copier *copier, const struct frame_copy *copy) {
  struct fake_copier *self = (struct fake_copier *)copier;
  self->copy = *copy;
  self->bands = 0;
  return 0;
}

static int wait_copy(struct frame_copier *copier, uint32_t *rows) {
  struct fake_copier *self = (struct fake_copier *)copier;
  const struct frame_copy *copy = &self->copy;
  if (++self->bands == self->fails_in_band)
    return -EIO;
  const uint32_t end = *rows + copy->band_rows < copy->mode.height ? *rows + copy->band_rows : copy->mode.height;
  for (uint32_t y = *rows; y < end; y++)
    memcpy(copy->slot + (size_t)y * copy->pitch_bytes, self->fixture->screen + (size_t)y * copy->mode.width * 4, copy->mode.width * 4);
  *rows = end;
  return 0;
}

static void copies_by_the_sources_copier(void **state) {
  static const struct frame_copier_impl copier_impl = {.name = "fake", .start = start_copy, .wait = wait_copy};
  struct agent_fixture *fixture = *state;
  struct fake_copier copier = {.copier = {.impl = &copier_impl, .bands_max = 2}, .fixture = fixture};
  struct transom_frame frame;
  fixture->copier = &copier.copier;
  start(fixture);
  struct transom_frame_reader *reader = agent_fixture_consumer(fixture, 0);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_true(agent_fixture_shows(fixture, &frame));
  assert_int_equal(copier.bands, 2);
  assert_int_equal(copier.copy.band_rows, 100);
  assert_int_equal(copier.copy.slot_offset % TRANSOM_SLOT_ALIGN, 0);
  const uint64_t sequence = frame.sequence;
  copier.fails_in_band = 2;
  copier.bands = 0;
  agent_fixture_touch(fixture, 5, 5);
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, sequence, &frame), -EAGAIN);
  assert_int_equal(copier.bands, 2); /* it was tried */
  copier.fails_in_band = 0;
  agent_fixture_run(fixture, 300 * MS);
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, sequence, &frame), 0);
  assert_true(agent_fixture_shows(fixture, &frame));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, agent_fixture_setup, agent_fixture_teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(publishes_the_whole_screen_first),
      TEST(publishes_only_what_changed),
      TEST(damage_is_enough_for_a_lazy_consumer),
      TEST(publishes_later_what_found_no_slot),
      TEST(a_redraw_request_brings_a_full_frame),
      TEST(says_each_change_of_its_status),
      TEST(hands_on_a_mode_that_the_viewer_wishes),
      TEST(says_that_it_sets_no_mode),
      TEST(follows_modes_and_formats_anew_when_it_must),
      TEST(says_when_the_region_is_too_small),
      TEST(says_why_there_is_no_picture),
      TEST(leaves_a_region_that_another_agent_formatted),
      TEST(says_goodbye),
      TEST(ends_after_so_many_frames),
      TEST(backs_off_when_the_screen_is_still),
      TEST(looks_once_a_second_when_nobody_watches),
      TEST(answers_the_clock_within_a_millisecond_once_asked),
      TEST(rings_who_is_armed),
      TEST(rings_each_for_what_it_waits_for),
      TEST(calls_who_was_there_before),
      TEST(publishes_the_cursor_and_hides_it),
      TEST(copies_by_the_sources_copier),
      TEST(follows_a_cursor_apart),
      TEST(leaves_a_lost_device),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
