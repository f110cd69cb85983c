/* The direct way, and the one that reads back, against a device of software that fails at each call in turn and in each manner. Whatever
 * happens, the agent ends up on a rung that works, after a bounded number of steps, with whole pictures, and nothing is left behind; only
 * a GPU that may still write into the region ends the agent. */
#include "common/log.h"
#include "common/memory_copy.h"
#include "common/test_card_strip.h"
#include "guest/core/agent.h"
#include "guest/core/scrgb_convert.h"
#include "guest/windows/capture_select.h"
#include "guest/windows/direct_ban.h"
#include "guest/windows/texture_card.h"
#include "protocol/frame_reader.h"

#include "expect.h"
#include "fake_d3d12.h"
#include "handle_count.h"

#include <errno.h>
#include <string.h>

#define REGION_BYTES ((SIZE_T)16 << 20)
#define FRAMES 6u
#define STEPS_MAX 60u /* looks: six frames, three rungs, and some */
#define TIMEOUT_MS 2u
#define STEP_NS UINT64_C(20000000)

static const struct test_card_options card = {
    .width = 333, .height = 600, .format = TRANSOM_FORMAT_BGRA8, .rate = 60, .damage_percent = 20};

struct rig {
  struct fake_d3d12_options fake; /* of the first rung: the second gets a device that works */
  struct region_device device;
  unsigned calls; /* of the first rung's device, until the next was made */
  unsigned rungs_made;
};

static uint64_t clock_ns;
static uint64_t now_ns(void) { return clock_ns; }

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  (void)device;
  (void)peer_id;
  (void)vector;
}
static const struct region_device_impl device_impl = {.name = "fake", .ring = ring};

/* ---- rungs ---- */

static struct screen_capture *create(struct rig *rig, const struct fake_d3d12_options *fake, bool direct, char *why) {
  const struct copier_d3d12_options options = {
      .base = direct ? (void *)(uintptr_t)rig->device.base : NULL, .bytes = rig->device.bytes, .timeout_ms = TIMEOUT_MS};
  rig->rungs_made++;
  ID3D12Device *device = fake_d3d12_create(fake);
  struct screen_capture *capture = texture_card_create_12(&card, device, &options, why);
  ID3D12Device_Release(device);
  return capture;
}

static struct screen_capture *first_direct(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  struct rig *rig = user_data;
  return create(rig, &rig->fake, true, why);
}

static struct screen_capture *first_readback(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  struct rig *rig = user_data;
  return create(rig, &rig->fake, false, why);
}

static struct screen_capture *second_readback(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  static const struct fake_d3d12_options fine = {.fail_at = 0};
  struct rig *rig = user_data;
  rig->calls = fake_d3d12_calls();
  return create(rig, &fine, false, why);
}

/* ---- a run ---- */

static void check_newest(const struct rig *rig) {
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_frame frame;
  struct test_card_strip strip;
  enum transom_compatibility compatibility;
  EXPECT(validate_attach(rig->device.base, rig->device.bytes, TRANSOM_FEATURES_KNOWN, &region, &compatibility) == 0);
  EXPECT(consumer_join(&consumer, &region, 0, 0, TRANSOM_PEER_NONE, 0, TRANSOM_FEATURES_KNOWN) == 0);
  frame_reader_init(&reader, &consumer);
  EXPECT(frame_reader_acquire(&reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame) == 0);
  const struct test_card_picture picture = {(const void *)(uintptr_t)frame.pixels, frame.descriptor.pitch_bytes, frame.descriptor.width,
                                            frame.descriptor.height, frame.descriptor.format};
  EXPECT(test_card_verify(&picture, &strip) == TEST_CARD_INTACT);
  frame_reader_release(&reader, &frame);
  consumer_leave(&consumer);
}

static enum agent_end run(struct rig *rig, const struct capture_rung *rungs, uint32_t count, struct agent_stats *stats) {
  static const struct agent_options options = {.frames_max = FRAMES, .slots = 3};
  struct screen_capture *capture = capture_ladder_create(rungs, count, rig, false);
  const struct agent_ports ports = {.device = &rig->device, .captures = {capture}, .now_ns = now_ns};
  struct agent *agent = agent_create(&options, &ports);
  uint64_t checked = 0;
  unsigned steps = 0;
  rig->rungs_made = 0;
  for (; agent_end(agent) == AGENT_GOES_ON && steps < STEPS_MAX; steps++) {
    clock_ns += STEP_NS;
    agent_look_now(agent);
    agent_step(agent);
    agent_stats(agent, stats);
    if (stats->frames_published > checked)
      check_newest(rig);
    checked = stats->frames_published;
  }
  EXPECT(steps < STEPS_MAX);
  EXPECT(rig->rungs_made <= count);
  const enum agent_end end = agent_end(agent);
  agent_destroy(agent);
  capture->impl->destroy(capture);
  EXPECT(fake_d3d12_live() == 0);
  return end;
}

static unsigned calls_without_fault(struct rig *rig, const struct capture_rung *rungs) {
  struct agent_stats stats;
  rig->fake = (struct fake_d3d12_options){.fail_at = 0};
  EXPECT(run(rig, rungs, 2, &stats) == AGENT_DONE && rig->rungs_made == 1);
  return fake_d3d12_calls();
}

/* Each call of a run of six frames, in each manner. Waiting for a GPU that does not answer takes its time: in a short run only each seventh
 * call meets one. */
static void fails_at_each_call(struct rig *rig, const struct capture_rung *rungs, bool direct) {
  static const enum fake_d3d12_fault faults[] = {FAKE_D3D12_REFUSES, FAKE_D3D12_REMOVED, FAKE_D3D12_HANGS, FAKE_D3D12_SLOW};
  const unsigned calls = calls_without_fault(rig, rungs);
  unsigned next_rung = 0, ended = 0, runs = 0;
  for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++) {
    const unsigned stride = fault >= FAKE_D3D12_HANGS && !getenv("TRANSOM_LONG") ? 7 : 1;
    for (unsigned at = 1; at <= calls; at += stride, runs++) {
      struct agent_stats stats;
      rig->fake = (struct fake_d3d12_options){.fail_at = at, .fault = faults[fault]};
      const enum agent_end end = run(rig, rungs, 2, &stats);
      EXPECT(end == AGENT_DONE || (end == AGENT_UNSAFE && direct && fake_d3d12_lost_signal()));
      EXPECT(end == AGENT_UNSAFE || stats.frames_published == FRAMES);
      next_rung += rig->rungs_made == 2;
      ended += end == AGENT_UNSAFE;
    }
  }
  printf("%s: %u runs over %u calls: %u ended on the next rung, %u ended the agent because the GPU might still write\n",
         direct ? "direct" : "readback", runs, calls, next_rung, ended);
}

static void falls_back_when_the_heap_is_of_no_use(struct rig *rig, const struct capture_rung *rungs) {
  const struct fake_d3d12_options useless[] = {
      {.no_device3 = true}, {.heap_alignment = 4 << 20}, {.refuses_placements = true}, {.heap_alignment = 4096}};
  for (unsigned i = 0; i < 4; i++) {
    struct agent_stats stats;
    rig->fake = useless[i];
    EXPECT(run(rig, rungs, 2, &stats) == AGENT_DONE);
    EXPECT(rig->rungs_made == (i == 3 ? 1u : 2u)); /* an alignment that divides ours is fine */
  }
}

/* An agent that had to end is not followed by one that does the same; who asks for direct copies still gets them. */
static void is_not_tried_again_until_the_next_boot(void) {
  struct agent_settings settings = {.source = AGENT_SOURCE_TEXTURE};
  struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX];
  direct_ban_lift();
  EXPECT(!direct_ban_is_set() && capture_select_rungs(&settings, rungs) == 3);
  EXPECT(direct_ban_set() && direct_ban_is_set() && capture_select_rungs(&settings, rungs) == 2);
  settings.copy = AGENT_COPY_DIRECT;
  EXPECT(capture_select_rungs(&settings, rungs) == 1);
  direct_ban_lift();
  EXPECT(!direct_ban_is_set());
}

/* Nobody converts what the copy engine moves into the region: a frame of scRGB ends the direct way before anything is submitted. */
static void refuses_what_is_to_be_converted(struct rig *rig) {
  static const struct fake_d3d12_options fine = {.fail_at = 0};
  const struct copier_d3d12_options options = {
      .base = (void *)(uintptr_t)rig->device.base, .bytes = rig->device.bytes, .timeout_ms = TIMEOUT_MS};
  char why[D3D_ERROR_BYTES];
  ID3D12Device *device = fake_d3d12_create(&fine);
  struct copier_d3d12 *copier = copier_d3d12_create(device, &options, why);
  struct scrgb_convert *convert = scrgb_convert_create(true);
  EXPECT(copier && convert);
  struct frame_copier *seam = copier_d3d12_seam(copier);
  const struct frame_copy copy = {.mode = {64, 64, TRANSOM_FORMAT_RGB10A2, TRANSOM_FRAME_PQ},
                                  .slot = (uint8_t *)(uintptr_t)rig->device.base,
                                  .pitch_bytes = 256,
                                  .band_rows = 64,
                                  .convert = convert};
  const unsigned calls = fake_d3d12_calls();
  EXPECT(!copier_d3d12_fault(copier));
  EXPECT(seam->impl->start(seam, &copy) == -EIO);
  EXPECT(fake_d3d12_calls() == calls && copier_d3d12_fault(copier));
  copier_d3d12_destroy(copier);
  scrgb_convert_destroy(convert);
  ID3D12Device_Release(device);
  EXPECT(fake_d3d12_live() == 0);
}

/* A hundred starts and stops leave as many handles as were there. */
static void leaves_no_handles(struct rig *rig, const struct capture_rung *rungs) {
  unsigned long before = 0;
  for (int i = 0; i < 100; i++) {
    struct agent_stats stats;
    rig->fake = (struct fake_d3d12_options){.fail_at = (unsigned)i * 7 % 60};
    run(rig, rungs, 2, &stats);
    if (i == 0)
      before = handle_count();
  }
  printf("100 starts and stops: %lu handles before, %lu after\n", before, handle_count());
  EXPECT(before > 0 && handle_count() == before);
}

/* A thousand failures are said a thousand times. */
static void swallow(enum log_level level, const char *line, void *user_data) {
  (void)level;
  (void)line;
  (void)user_data;
}

int main(void) {
  static const struct capture_rung direct[] = {{"direct", first_direct}, {"readback", second_readback}};
  static const struct capture_rung readback[] = {{"readback", first_readback}, {"another readback", second_readback}};
  struct rig rig = {.device = {.impl = &device_impl, .bytes = REGION_BYTES, .text = "memory"}};
  log_set_sink(swallow, NULL);
  memory_copy_init();
  rig.device.base = VirtualAlloc(NULL, REGION_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  EXPECT(rig.device.base);
  fails_at_each_call(&rig, direct, true);
  fails_at_each_call(&rig, readback, false);
  falls_back_when_the_heap_is_of_no_use(&rig, direct);
  is_not_tried_again_until_the_next_boot();
  refuses_what_is_to_be_converted(&rig);
  leaves_no_handles(&rig, direct);
  return 0;
}
