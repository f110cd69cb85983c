/* Plans and formats: what fits, what lies where, and that nothing of an older epoch shines through. */
#include "support/queue_fixture.h"

#include "protocol/record.h"

#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define FRAME_4K (UINT64_C(3840) * 4 * 2160)

static struct transom_region_request request_of(uint32_t heads, uint32_t slots, uint64_t frame_bytes) {
  struct transom_region_request request = {
      .head_count = heads, .slot_count = slots, .features_offered = TRANSOM_FEATURES_KNOWN, .agent_name = "agent", .guest_name = "guest"};
  for (uint32_t i = 0; i < TRANSOM_HEADS_MAX; i++)
    request.frame_bytes_max[i] = frame_bytes;
  return request;
}

static void sizes_of_the_design_hold(void **state) {
  (void)state;
  struct transom_region_plan plan;
  struct transom_region_request request = request_of(1, 3, FRAME_4K);
  assert_true(region_bytes_needed(&request) > 64 * MIB && region_bytes_needed(&request) <= 128 * MIB); /* 4K, one holding consumer */
  request.slot_count = 5;
  assert_true(region_bytes_needed(&request) > 128 * MIB && region_bytes_needed(&request) <= 256 * MIB); /* three */
  request.slot_count = 0;
  assert_int_equal(region_plan(128 * MIB, &request, &plan), 0);
  assert_int_equal(plan.slot_count, 3);
  assert_int_equal(region_plan(80 * MIB, &request, &plan), 0);
  assert_int_equal(plan.slot_count, 2);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -ENOSPC);
  assert_int_equal(region_plan(region_bytes_needed(&request), &request, &plan), 0);
  assert_int_equal(region_plan(region_bytes_needed(&request) - 1, &request, &plan), -ENOSPC);
}

static void requests_out_of_bounds_are_refused(void **state) {
  (void)state;
  struct transom_region_plan plan;
  struct transom_region_request request = request_of(0, 3, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(TRANSOM_HEADS_MAX + 1, 3, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(1, 1, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(1, TRANSOM_SLOTS_MAX + 1, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(1, 3, 0);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(1, 3, UINT64_MAX);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), -EINVAL);
  request = request_of(1, 3, MIB);
  assert_int_equal(region_plan(TRANSOM_REGION_BYTES_MAX + 1, &request, &plan), -EINVAL);
  assert_int_equal(region_plan(MIB - 1, &request, &plan), -ENOSPC);
}

static void one_head_gets_the_whole_region(void **state) {
  (void)state;
  struct transom_region_plan plan;
  struct transom_region_request request = request_of(1, 3, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), 0);
  assert_true(plan.slots_offset[0] + plan.slot_count * plan.slot_bytes[0] <= 64 * MIB);
  assert_true(plan.slots_offset[0] + plan.slot_count * (plan.slot_bytes[0] + TRANSOM_SLOT_ALIGN) > 64 * MIB);
  request = request_of(2, 3, MIB);
  assert_int_equal(region_plan(64 * MIB, &request, &plan), 0);
  assert_int_equal(plan.slot_bytes[1], MIB);
}

/* Every combination of heads and features formats into what the gate accepts. */
static void every_plan_is_attachable(void **state) {
  (void)state;
  uint8_t *memory = aligned_alloc(4096, 64 * MIB);
  for (uint32_t heads = 1; heads <= TRANSOM_HEADS_MAX; heads++) {
    for (uint64_t features = 0; features <= TRANSOM_FEATURES_KNOWN; features += 17) {
      struct transom_region_plan plan;
      struct transom_region region;
      struct transom_region_request request = request_of(heads, 2 + heads % 3, 100000);
      request.features_offered = features;
      assert_int_equal(region_plan(64 * MIB, &request, &plan), 0);
      assert_int_equal(region_format(memory, &request, &plan, 5, &region), 0);
      assert_int_equal(region.head_count, heads);
      assert_int_equal(region.cursors[heads - 1].shapes != NULL, (features & TRANSOM_FEATURE_CURSOR) != 0);
      assert_int_equal(region.to_host[0].data != NULL, (features & TRANSOM_FEATURE_MESSAGES) != 0);
      assert_int_equal(region.to_guest[1].data != NULL, (features & TRANSOM_FEATURE_CLIPBOARD) != 0);
      assert_int_equal(region.clock_replies != NULL, (features & TRANSOM_FEATURE_CLOCK) != 0);
      assert_int_equal(region.queues[0].history != NULL, (features & TRANSOM_FEATURE_HISTORY) != 0);
      assert_string_equal(region.agent_name, "agent");
      assert_string_equal(region.guest_name, "guest");
    }
  }
  free(memory);
}

static void new_epoch_shows_nothing_of_the_old(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_frame frame;
  for (int i = 0; i < 70; i++)
    queue_fixture_publish(fixture, NULL);
  region_set_status(&fixture->region, 1, TRANSOM_AGENT_RUNNING, "old");
  queue_fixture_format(fixture, 3);
  queue_fixture_attach(fixture);
  struct transom_frame_reader *reader = queue_fixture_consumer(fixture, 0);
  assert_false(frame_reader_has_newer(reader, TRANSOM_ACQUIRE_ANNOUNCED, 0));
  assert_int_equal(frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), -EAGAIN);
  const uint64_t *records = (const uint64_t *)fixture->region.queues[0].descriptors;
  const uint64_t *end =
      (const uint64_t *)(fixture->region.queues[0].history + TRANSOM_HISTORY_MAX * fixture->region.queues[0].history_bytes);
  for (; records < end; records++)
    assert_int_equal(*records, 0);
  assert_int_equal(fixture->region.status->state, 0);
}

static void format_leaves_the_host_area_alone(void **state) {
  struct queue_fixture *fixture = *state;
  uint8_t *host = fixture->memory + TRANSOM_HOST_AREA_OFFSET;
  memset(host, 0x5a, TRANSOM_HOST_AREA_BYTES);
  queue_fixture_format(fixture, 2);
  for (uint32_t i = 0; i < TRANSOM_HOST_AREA_BYTES; i++)
    assert_int_equal(host[i], 0x5a);
}

static void closed_region_is_not_formatted(void **state) {
  struct queue_fixture *fixture = *state;
  enum transom_compatibility compatibility;
  struct transom_region region;
  assert_true(validate_epoch(&fixture->host_region));
  region_close(&fixture->region);
  assert_false(validate_epoch(&fixture->host_region));
  assert_int_equal(validate_attach(fixture->memory, QUEUE_FIXTURE_BYTES, 0, &region, &compatibility), -EAGAIN);
  assert_int_equal(compatibility, TRANSOM_NOT_FORMATTED);
}

static void status_is_a_record(void **state) {
  struct queue_fixture *fixture = *state;
  struct transom_agent_status copy;
  char text[300];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  region_set_status(&fixture->region, 7, TRANSOM_AGENT_NO_DISPLAY, text);
  assert_true(record_read(&copy.sequence_first, 192, &fixture->region.status->sequence_first, 192));
  assert_int_equal(copy.sequence_first, 7);
  assert_int_equal(copy.state, TRANSOM_AGENT_NO_DISPLAY);
  assert_int_equal(strlen(copy.text), sizeof copy.text - 1);
  region_set_status(&fixture->region, 8, TRANSOM_AGENT_STOPPED, NULL);
  assert_true(record_read(&copy.sequence_first, 192, &fixture->region.status->sequence_first, 192));
  assert_string_equal(copy.text, "");
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_fixture_setup, queue_fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_of_the_design_hold),       cmocka_unit_test(requests_out_of_bounds_are_refused),
      cmocka_unit_test(one_head_gets_the_whole_region), cmocka_unit_test(every_plan_is_attachable),
      QUEUE_TEST(new_epoch_shows_nothing_of_the_old),   QUEUE_TEST(format_leaves_the_host_area_alone),
      QUEUE_TEST(closed_region_is_not_formatted),       QUEUE_TEST(status_is_a_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
