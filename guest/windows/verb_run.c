#define LOG_MODULE "agent"
#include "common/clock.h"
#include "common/log.h"
#include "guest/core/stats_report.h"
#include "guest/windows/agent_log.h"
#include "guest/windows/agent_loop.h"
#include "guest/windows/agent_state.h"
#include "guest/windows/capture_select.h"
#include "guest/windows/direct_ban.h"
#include "guest/windows/display_watch.h"
#include "guest/windows/instance_lock.h"
#include "guest/windows/process_setup.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/region_guard.h"
#include "guest/windows/stop_wish.h"
#include "guest/windows/verbs.h"
#include "guest/windows/wide_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define REOPEN_MS 1000u

static void guest_name(char *to, size_t capacity) {
  wchar_t wide[MAX_COMPUTERNAME_LENGTH + 1];
  DWORD count = MAX_COMPUTERNAME_LENGTH + 1;
  char *name = GetComputerNameW(wide, &count) ? narrow_text(wide) : NULL;
  snprintf(to, capacity, "%s", name ? name : "");
  free(name);
}

static void report(struct agent *agent, const struct publish_settings *settings, uint64_t run_ns) {
  struct agent_stats stats;
  agent_stats(agent, &stats);
  stats_report_log(&stats, run_ns);
  if (settings->stats == STATS_FORM_JSON)
    stats_report_json(&stats, run_ns);
}

/* The GPU did not finish a copy into the region and may still do so: our end stops it, and the next agent must not try again. */
static void give_up_direct_copies(void) {
  log_error("the GPU hangs in a copy into the region: ending, and %s",
            direct_ban_set() ? "no more of these until the next boot" : "without an administrator's rights the next agent tries again");
}

/* One life of the region's memory. */
enum run_end { RUN_ASKED, RUN_FAILED, RUN_DEVICE_LOST };

static enum run_end run_agent(const struct agent_settings *settings, struct region_device *device, struct screen_capture *capture) {
  char name[64];
  guest_name(name, sizeof name);
  const struct agent_options options = {
      .slots = (uint32_t)settings->publish.slots, .frames_max = (uint64_t)settings->publish.frames, .guest_name = name};
  const struct agent_ports ports = {.device = device,
                                    .captures = {capture},
                                    .now_ns = clock_raw_ns,
                                    .status_changed = agent_state_changed,
                                    .mode_wished = display_watch_is_on() ? display_watch_wish : NULL};
  struct agent *agent = agent_create(&options, &ports);
  if (!agent) {
    log_error("out of memory for the agent");
    return RUN_FAILED;
  }
  const uint64_t started_ns = clock_raw_ns();
  const bool good = agent_loop_run(agent, device, capture, (uint64_t)settings->publish.seconds);
  const bool lost = agent_end(agent) == AGENT_DEVICE_LOST;
  if (agent_end(agent) == AGENT_UNSAFE)
    give_up_direct_copies();
  agent_finish(agent);
  report(agent, &settings->publish, clock_raw_ns() - started_ns);
  agent_destroy(agent);
  return good ? RUN_ASKED : lost ? RUN_DEVICE_LOST : RUN_FAILED;
}

static enum run_end run_capture(const struct agent_settings *settings, const struct test_card_options *card, struct region_device *device) {
  const struct capture_select select = {.settings = settings, .card = card, .device = device};
  struct screen_capture *capture = capture_select_create(&select);
  if (!capture) {
    log_error("out of memory for the screen's source");
    return RUN_FAILED;
  }
  const enum run_end end = run_agent(settings, device, capture);
  capture->impl->destroy(capture);
  return end;
}

static enum run_end run_device(const struct agent_settings *settings, const struct test_card_options *card, struct region_device *device) {
  if (!region_guard_init(device)) {
    log_error("no handler for the loss of the region");
    return RUN_FAILED;
  }
  const enum run_end end = run_capture(settings, card, device);
  region_guard_finish();
  return end;
}

/* The driver was restarted, or its device is gone for a while. NULL: asked to end. */
static struct region_device *reopen(const struct agent_settings *settings) {
  char error[REGION_ERROR_BYTES], said[REGION_ERROR_BYTES] = "";
  while (!stop_wish_within(REOPEN_MS)) {
    struct region_device *device = region_device_windows_open(settings, error);
    if (device)
      return device;
    if (strcmp(error, said) != 0)
      log_warning("%s", error);
    memcpy(said, error, sizeof said);
  }
  return NULL;
}

static enum exit_status run_devices(const struct agent_settings *settings, const struct test_card_options *card) {
  char error[REGION_ERROR_BYTES];
  enum run_end end = RUN_ASKED;
  struct region_device *device = region_device_windows_open(settings, error);
  if (!device) {
    log_error("%s", error);
    agent_state_failed(error);
    return strcmp(settings->region, "auto") == 0 ? EXIT_STATUS_CANNOT_RUN_HERE : EXIT_STATUS_FAILED;
  }
  while (device) {
    end = run_device(settings, card, device);
    device->impl->destroy(device);
    device = end == RUN_DEVICE_LOST ? reopen(settings) : NULL;
  }
  return end == RUN_FAILED ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static enum exit_status run(const struct agent_settings *settings) {
  struct test_card_options card;
  struct process_setup setup;
  if (settings->config_fault[0]) {
    log_error("%s", settings->config_fault);
    agent_state_failed(settings->config_fault);
    return EXIT_STATUS_USAGE;
  }
  if (!publish_settings_test_card(&settings->publish, &card))
    return EXIT_STATUS_USAGE;
  if (!stop_wish_init(settings->stop_event))
    return EXIT_STATUS_FAILED;
  process_setup_begin(&setup);
  display_watch_begin(settings);
  const enum exit_status status = run_devices(settings, &card);
  display_watch_end();
  process_setup_end(&setup);
  stop_wish_finish();
  return status;
}

/* The service's worker: nobody sees its standard error, and there is one of it. Agents that are started by hand may be several, each with a
 * device of its own: the driver sees to that. */
static enum exit_status run_as_worker(const struct agent_settings *settings) {
  agent_log_open("agent.log");
  enum exit_status status = EXIT_STATUS_FAILED;
  if (instance_lock_acquire()) {
    agent_state_begin();
    status = run(settings);
  }
  instance_lock_release();
  agent_log_close();
  return status;
}

enum exit_status verb_run(const struct agent_settings *settings) {
  return settings->stop_event[0] ? run_as_worker(settings) : run(settings);
}
