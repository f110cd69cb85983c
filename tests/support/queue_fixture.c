#include "support/queue_fixture.h"

#include <stdlib.h>
#include <string.h>

void queue_fixture_format(struct queue_fixture *fixture, uint32_t slot_count) {
  struct transom_region_request request = {.head_count = 1,
                                           .slot_count = slot_count,
                                           .frame_bytes_max = {TRANSOM_PITCH_ALIGN * QUEUE_FIXTURE_HEIGHT},
                                           .features_offered = QUEUE_FIXTURE_FEATURES,
                                           .agent_name = "fixture 1",
                                           .guest_name = "guest"};
  struct transom_region_plan plan;
  assert_int_equal(region_plan(QUEUE_FIXTURE_BYTES, &request, &plan), 0);
  assert_int_equal(region_format(fixture->memory, &request, &plan, ++fixture->epoch, &fixture->region), 0);
  consumers_init(&fixture->consumers, &fixture->region);
  frame_writer_init(&fixture->writer, &fixture->region, &fixture->consumers, 0);
}

void queue_fixture_attach(struct queue_fixture *fixture) {
  enum transom_compatibility compatibility;
  assert_int_equal(validate_attach(fixture->memory, QUEUE_FIXTURE_BYTES, TRANSOM_FEATURES_KNOWN, &fixture->host_region, &compatibility), 0);
}

static int setup(void **state, uint32_t slot_count) {
  struct queue_fixture *fixture = calloc(1, sizeof *fixture);
  assert_non_null(fixture);
  fixture->memory = aligned_alloc(4096, QUEUE_FIXTURE_BYTES);
  assert_non_null(fixture->memory);
  memset(fixture->memory, 0, QUEUE_FIXTURE_BYTES);
  fixture->epoch = UINT64_C(0x1000);
  fixture->now_ns = UINT64_C(1000000000);
  queue_fixture_format(fixture, slot_count);
  queue_fixture_attach(fixture);
  *state = fixture;
  return 0;
}

int queue_fixture_setup(void **state) { return setup(state, 3); }
int queue_fixture_setup_two_slots(void **state) { return setup(state, 2); }

int queue_fixture_teardown(void **state) {
  struct queue_fixture *fixture = *state;
  free(fixture->memory);
  free(fixture);
  return 0;
}

struct transom_frame_reader *queue_fixture_consumer(struct queue_fixture *fixture, uint32_t index) {
  assert_in_range(index, 0, QUEUE_FIXTURE_CONSUMERS - 1);
  assert_int_equal(
      consumer_join(&fixture->lines[index], &fixture->host_region, index, 0, index, TRANSOM_WAKE_FRAME_MASK, TRANSOM_FEATURES_KNOWN), 0);
  frame_reader_init(&fixture->readers[index], &fixture->lines[index]);
  return &fixture->readers[index];
}

struct transom_frame_info queue_fixture_info(const struct transom_damage *damage) {
  struct transom_frame_info info = {.format = TRANSOM_FORMAT_BGRA8,
                                    .width = QUEUE_FIXTURE_WIDTH,
                                    .height = QUEUE_FIXTURE_HEIGHT,
                                    .pitch_bytes = TRANSOM_PITCH_ALIGN,
                                    .acquired_ns = 7,
                                    .copy_started_ns = 8};
  if (damage)
    info.damage = *damage;
  return info;
}

int queue_fixture_try_begin(struct queue_fixture *fixture, const struct transom_damage *damage) {
  struct transom_frame_info info = queue_fixture_info(damage);
  volatile uint8_t *pixels;
  int rc = frame_writer_begin(&fixture->writer, &info, fixture->now_ns, &pixels, &fixture->copy);
  if (rc == 0)
    fixture->slot = (uint32_t)((uint64_t)(pixels - fixture->region.queues[0].slots) / fixture->region.queues[0].slot_bytes);
  return rc;
}

void queue_fixture_begin(struct queue_fixture *fixture, const struct transom_damage *damage) {
  assert_int_equal(queue_fixture_try_begin(fixture, damage), 0);
}

void queue_fixture_publish(struct queue_fixture *fixture, const struct transom_damage *damage) {
  queue_fixture_begin(fixture, damage);
  frame_writer_complete(&fixture->writer, fixture->now_ns, fixture->now_ns + 1);
}

struct transom_damage queue_fixture_rect(uint16_t x, uint16_t y, uint16_t width, uint16_t height) {
  struct transom_damage damage = {0};
  damage_add(&damage, (struct transom_rect){x, y, width, height});
  return damage;
}

bool queue_fixture_covers(const struct transom_damage *damage, uint32_t x, uint32_t y) {
  for (uint32_t i = 0; i < damage->count; i++) {
    struct transom_rect rect = damage->rects[i];
    if (x >= rect.x && x < (uint32_t)rect.x + rect.width && y >= rect.y && y < (uint32_t)rect.y + rect.height)
      return true;
  }
  return damage->full;
}
