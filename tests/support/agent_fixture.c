#include "support/agent_fixture.h"

#include "protocol/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN_BYTES ((size_t)AGENT_FIXTURE_EDGE_MAX * AGENT_FIXTURE_EDGE_MAX * 4)

static uint64_t fixture_clock_ns; /* the agent's clock has no argument */
static uint64_t due_ns;

uint64_t agent_fixture_now_ns(void) { return fixture_clock_ns; }

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  struct agent_fixture *fixture = (struct agent_fixture *)device;
  fixture->rings++;
  fixture->last_peer = peer_id;
  fixture->last_vector = vector;
}

static struct agent_fixture *of_capture(struct screen_capture *capture) {
  return (struct agent_fixture *)((char *)capture - offsetof(struct agent_fixture, capture));
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct agent_fixture *fixture = of_capture(capture);
  fixture->looks++;
  *frame = (struct screen_frame){
      .mode = fixture->mode, .pixels = fixture->screen, .pitch_bytes = (size_t)fixture->mode.width * 4, .acquired_ns = now_ns};
  if (fixture->copier) {
    frame->copier = fixture->copier;
    frame->pixels = NULL;
    frame->damage_known = true;
    damage_set_full(&frame->damage);
  }
  return fixture->result;
}

static void release(struct screen_capture *capture) { (void)capture; }

static bool cursor(struct screen_capture *capture, struct screen_cursor *out) {
  *out = of_capture(capture)->cursor;
  return out->visible;
}

static const struct region_device_impl device_impl = {.name = "fake", .ring = ring};
static const struct screen_capture_impl capture_impl = {.name = "fake", .acquire = acquire, .release = release, .cursor = cursor};

int agent_fixture_setup(void **state) {
  struct agent_fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  fixture_clock_ns = due_ns = UINT64_C(1000000000);
  fixture->device = (struct region_device){
      .impl = &device_impl, .base = aligned_alloc(65536, AGENT_FIXTURE_BYTES), .bytes = AGENT_FIXTURE_BYTES, .has_doorbell = true};
  memset((void *)(uintptr_t)fixture->device.base, 0, AGENT_FIXTURE_BYTES);
  fixture->screen = calloc(1, SCREEN_BYTES);
  fixture->capture = (struct screen_capture){.impl = &capture_impl, .period_ns = 10000000, .text = "for a reason"};
  fixture->mode = (struct screen_mode){320, 200, TRANSOM_FORMAT_BGRA8, 0};
  fixture->ports = (struct agent_ports){.device = &fixture->device, .captures = {&fixture->capture}, .now_ns = agent_fixture_now_ns};
  fixture->agent = agent_create(&fixture->options, &fixture->ports);
  return fixture->agent ? 0 : -1;
}

int agent_fixture_teardown(void **state) {
  struct agent_fixture *fixture = *state;
  agent_destroy(fixture->agent);
  free((void *)(uintptr_t)fixture->device.base);
  free(fixture->screen);
  free(fixture);
  return 0;
}

void agent_fixture_step(struct agent_fixture *fixture) {
  if (due_ns > fixture_clock_ns)
    fixture_clock_ns = due_ns;
  due_ns = agent_step(fixture->agent);
}

void agent_fixture_run(struct agent_fixture *fixture, uint64_t length_ns) {
  const uint64_t end_ns = fixture_clock_ns + length_ns;
  while (due_ns < end_ns) {
    agent_fixture_step(fixture);
    assert_true(due_ns > fixture_clock_ns);
  }
  fixture_clock_ns = end_ns;
}

void agent_fixture_attach(struct agent_fixture *fixture) {
  enum transom_compatibility compatibility;
  assert_int_equal(validate_attach(fixture->device.base, fixture->device.bytes, TRANSOM_FEATURES_KNOWN, &fixture->region, &compatibility),
                   0);
}

struct transom_frame_reader *agent_fixture_consumer(struct agent_fixture *fixture, uint32_t index) {
  assert_int_equal(consumer_join(&fixture->consumers[index], &fixture->region, index, 0, index, UINT32_MAX, TRANSOM_FEATURES_KNOWN), 0);
  frame_reader_init(&fixture->readers[index], &fixture->consumers[index]);
  return &fixture->readers[index];
}

void agent_fixture_touch(struct agent_fixture *fixture, uint32_t x, uint32_t y) {
  fixture->screen[((size_t)y * fixture->mode.width + x) * 4] ^= 0x55;
}

struct transom_agent_status agent_fixture_status(const struct agent_fixture *fixture) {
  struct transom_agent_status status = {0};
  const size_t at = offsetof(struct transom_agent_status, sequence_first);
  const volatile uint8_t *record = (const volatile uint8_t *)fixture->region.status + at;
  assert_true(record_read((uint8_t *)&status + at, sizeof status - at, record, sizeof status - at));
  status.heartbeat = fixture->region.status->heartbeat;
  return status;
}

bool agent_fixture_shows(const struct agent_fixture *fixture, const struct transom_frame *frame) {
  if (frame->descriptor.width != fixture->mode.width || frame->descriptor.height != fixture->mode.height)
    return false;
  const size_t row_bytes = (size_t)fixture->mode.width * 4;
  for (uint32_t y = 0; y < fixture->mode.height; y++) {
    const uint8_t *row = (const uint8_t *)(uintptr_t)frame->pixels + (size_t)y * frame->descriptor.pitch_bytes;
    if (memcmp(row, fixture->screen + y * row_bytes, row_bytes) != 0)
      return false;
  }
  return true;
}
