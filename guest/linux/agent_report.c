#include "guest/linux/agent_report.h"

#include "common/clock.h"
#include "common/memory_copy.h"
#include "protocol/atomics.h"
#include "protocol/record.h"
#include "protocol/validate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *state_name(uint32_t state) {
  static const char *const names[] = {"unknown", "starting", "running", "no display", "unreadable", "stopped"};
  return names[state < sizeof names / sizeof names[0] ? state : 0];
}

static bool heart_beats(const struct transom_region *region) {
  const uint64_t before = wire_load64(&region->status->heartbeat);
  const struct timespec longer_than_a_beat = {.tv_nsec = TRANSOM_HEARTBEAT_NS + 200000000};
  nanosleep(&longer_than_a_beat, NULL);
  return wire_load64(&region->status->heartbeat) != before;
}

enum exit_status agent_report_status(struct region_device *device) {
  struct transom_region region;
  enum transom_compatibility compatibility;
  printf("region: %s\n", device->text);
  const int error = validate_attach(device->base, device->bytes, TRANSOM_FEATURES_KNOWN, &region, &compatibility);
  if (error) {
    printf("agent: none (%s)\n", error == -EBADMSG ? "the header is damaged" : version_compatibility_name(compatibility));
    return EXIT_STATUS_FAILED;
  }
  struct transom_agent_status status = {0};
  const size_t at = offsetof(struct transom_agent_status, sequence_first);
  const volatile uint8_t *record = (const volatile uint8_t *)region.status + at;
  if (!region.status || !record_read((uint8_t *)&status + at, sizeof status - at, record, sizeof status - at)) {
    printf("agent: %s, without a status\n", region.agent_name);
    return EXIT_STATUS_FAILED;
  }
  const bool alive = heart_beats(&region);
  status.text[sizeof status.text - 1] = 0;
  printf("agent: %s on %s, %s\nstate: %s: %s\n", region.agent_name, region.guest_name, alive ? "alive" : "no heartbeat",
         state_name(status.state), status.text);
  printf("frames: skipped %" PRIu64 ", holds revoked %" PRIu64 "\n", wire_load64(&region.status->frames_skipped),
         wire_load64(&region.status->holds_revoked));
  return alive ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

enum exit_status agent_report_selftest(struct region_device *device, struct screen_capture *capture) {
  struct screen_frame frame;
  printf("region: ok, %s\ncopies: %s\n", device->text, memory_copy_name());
  const int error = capture->impl->acquire(capture, clock_raw_ns(), &frame);
  if (error) {
    printf("screen: failed, %s\n", capture->text);
    return EXIT_STATUS_FAILED;
  }
  printf("screen: ok, %ux%u by %s\n", frame.mode.width, frame.mode.height, capture->impl->name);
  capture->impl->release(capture);
  return EXIT_STATUS_OK;
}
