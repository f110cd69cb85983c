#include "guest/windows/selftest_checks.h"

#include "common/clock.h"
#include "common/test_card_strip.h"
#include "guest/core/agent.h"
#include "guest/windows/capture_select.h"
#include "protocol/frame_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define CARD_FRAMES 30u
#define CARD_NS UINT64_C(1500000000) /* or so long, where frames are slow */
#define LOOKS_MAX 200u               /* of ten milliseconds at least: a desktop where nothing moves gives one frame, or none */
#define LOOK_MS 10u

static const struct test_card_options card = {.width = 1920, .height = 1080, .format = TRANSOM_FORMAT_BGRA8, .damage_percent = 100};

/* What one way did. */
struct trial {
  uint64_t frames, bytes;
  double copy_ms; /* of the last frame, from its start to complete */
  enum test_card_verdict verdict;
  uint32_t width, height;
};

static double ms_between(uint64_t from_ns, uint64_t to_ns) { return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e6 : 0; }

/* As a consumer on the host would. */
static bool read_back(const struct region_device *device, struct trial *trial) {
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_frame frame;
  struct test_card_strip strip;
  enum transom_compatibility compatibility;
  if (validate_attach(device->base, device->bytes, TRANSOM_FEATURES_KNOWN, &region, &compatibility) != 0 ||
      consumer_join(&consumer, &region, 0, 0, TRANSOM_PEER_NONE, 0, TRANSOM_FEATURES_KNOWN) != 0)
    return false;
  frame_reader_init(&reader, &consumer);
  const bool good = frame_reader_acquire(&reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame) == 0;
  if (good) {
    const struct transom_descriptor *is = &frame.descriptor;
    const struct test_card_picture picture = {(const void *)(uintptr_t)frame.pixels, is->pitch_bytes, is->width, is->height, is->format};
    trial->copy_ms = ms_between(is->copy_started_ns, frame.complete_ns);
    trial->width = is->width;
    trial->height = is->height;
    trial->verdict = test_card_verify(&picture, &strip);
    frame_reader_release(&reader, &frame);
  }
  consumer_leave(&consumer);
  return good;
}

static bool run_agent(struct region_device *device, struct screen_capture *capture, uint64_t frames, struct trial *trial) {
  const struct agent_options options = {.frames_max = frames};
  const struct agent_ports ports = {.device = device, .captures = {capture}, .now_ns = clock_raw_ns};
  struct agent *agent = agent_create(&options, &ports);
  struct agent_stats stats;
  const uint64_t end_ns = clock_raw_ns() + CARD_NS;
  for (uint32_t i = 0; agent && agent_end(agent) == AGENT_GOES_ON && i < LOOKS_MAX && (i == 0 || clock_raw_ns() < end_ns); i++) {
    agent_look_now(agent);
    agent_step(agent);
    if (capture->text[0])
      Sleep(LOOK_MS);
  }
  if (!agent)
    return false;
  agent_stats(agent, &stats);
  trial->frames = stats.frames_published;
  trial->bytes = stats.bytes_copied;
  const bool good = stats.frames_published > 0 && read_back(device, trial);
  agent_finish(agent);
  agent_destroy(agent);
  return good;
}

/* The desktop's pixels have no checksum; the test card's prove the same copiers. */
static void judge(struct selftest_report *report, const char *name, bool is_card, const struct trial *trial, uint64_t took_ns) {
  const double seconds = (double)took_ns / 1e9;
  if (is_card)
    selftest_report_add(report, trial->verdict == TEST_CARD_INTACT ? SELFTEST_PASS : SELFTEST_FAIL, name,
                        "%ux%u, %.2f ms to copy, %.1f ms a frame with its drawing, %.0f MB/s, pixels %s", trial->width, trial->height,
                        trial->copy_ms, seconds * 1e3 / (double)trial->frames, (double)trial->bytes / 1e6 / seconds,
                        trial->verdict == TEST_CARD_INTACT ? "right" : "WRONG");
  else
    selftest_report_add(report, SELFTEST_PASS, name, "%ux%u, %.2f ms to copy a whole frame", trial->width, trial->height, trial->copy_ms);
}

static bool try_rung(struct selftest_report *report, const struct capture_select *select, const struct capture_rung *rung, bool is_card) {
  char why[CAPTURE_LADDER_WHY_BYTES] = "";
  struct trial trial = {.frames = 0};
  struct screen_capture *capture = rung->create((void *)(uintptr_t)select, why);
  if (!capture) {
    selftest_report_add(report, SELFTEST_FAIL, rung->name, "%s", why);
    return false;
  }
  const uint64_t began_ns = clock_raw_ns();
  const bool good = run_agent(select->device, capture, is_card ? CARD_FRAMES : 1, &trial);
  if (good)
    judge(report, rung->name, is_card, &trial, clock_raw_ns() - began_ns);
  else
    selftest_report_add(report, SELFTEST_FAIL, rung->name, "no frame: %s", capture->text[0] ? capture->text : "nothing was presented");
  capture->impl->destroy(capture);
  return good;
}

static bool try_rungs(struct selftest_report *report, const struct agent_settings *settings, struct region_device *device, int source) {
  struct agent_settings one = *settings;
  struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX];
  bool any = false;
  one.source = source;
  const struct capture_select select = {.settings = &one, .card = &card, .device = device};
  const uint32_t count = capture_select_rungs(&one, rungs);
  for (uint32_t i = 0; i < count; i++)
    any |= try_rung(report, &select, &rungs[i], source == AGENT_SOURCE_TEXTURE);
  return any;
}

void selftest_captures(struct selftest_report *report, const struct agent_settings *settings, struct region_device *device) {
  try_rungs(report, settings, device, AGENT_SOURCE_TEXTURE);
  const bool any = try_rungs(report, settings, device, AGENT_SOURCE_AUTO);
  selftest_report_add(report, any ? SELFTEST_PASS : SELFTEST_FAIL, SELFTEST_DESKTOP, "%s",
                      any ? "at least one way works" : "no way to read it works");
}
