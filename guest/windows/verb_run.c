#define LOG_MODULE "agent"
#include "common/clock.h"
#include "common/log.h"
#include "guest/core/stats_report.h"
#include "guest/windows/agent_log.h"
#include "guest/windows/agent_loop.h"
#include "guest/windows/instance_lock.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/stop_wish.h"
#include "guest/windows/verbs.h"
#include "guest/windows/wide_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

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

static enum exit_status publish(const struct agent_settings *settings, struct region_device *device, struct screen_capture *capture) {
  char name[64];
  guest_name(name, sizeof name);
  const struct agent_options options = {
      .slots = (uint32_t)settings->publish.slots, .frames_max = (uint64_t)settings->publish.frames, .guest_name = name};
  const struct agent_ports ports = {.device = device, .capture = capture, .now_ns = clock_raw_ns};
  struct agent *agent = agent_create(&options, &ports);
  if (!agent) {
    log_error("out of memory for the agent");
    return EXIT_STATUS_FAILED;
  }
  const uint64_t started_ns = clock_raw_ns();
  const bool good = agent_loop_run(agent, device, (uint64_t)settings->publish.seconds);
  agent_finish(agent);
  report(agent, &settings->publish, clock_raw_ns() - started_ns);
  agent_destroy(agent);
  return good ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static struct screen_capture *create_capture(const struct agent_settings *settings, const struct test_card_options *card) {
  (void)settings;
  return test_card_create(card);
}

static enum exit_status with_device(const struct agent_settings *settings, const struct test_card_options *card,
                                    struct region_device *device) {
  struct screen_capture *capture = create_capture(settings, card);
  if (!capture) {
    log_error("out of memory for the screen's source");
    return EXIT_STATUS_FAILED;
  }
  const enum exit_status status = publish(settings, device, capture);
  capture->impl->destroy(capture);
  return status;
}

static enum exit_status with_stop_wish(const struct agent_settings *settings, const struct test_card_options *card) {
  char error[REGION_ERROR_BYTES];
  struct region_device *device = region_device_windows_open(settings, error);
  if (!device) {
    log_error("%s", error);
    return strcmp(settings->region, "auto") == 0 ? EXIT_STATUS_CANNOT_RUN_HERE : EXIT_STATUS_FAILED;
  }
  const enum exit_status status = with_device(settings, card, device);
  device->impl->destroy(device);
  return status;
}

/* The IVSHMEM driver maps its device for one program; and two agents would format each other's region. Tests with a file of their own may
 * run side by side. */
static bool must_be_alone(const struct agent_settings *settings) {
  return settings->stop_event[0] || strcmp(settings->region, "auto") == 0;
}

static enum exit_status run(const struct agent_settings *settings) {
  struct test_card_options card;
  if (settings->config_fault[0]) {
    log_error("%s", settings->config_fault);
    return EXIT_STATUS_USAGE;
  }
  if (!publish_settings_test_card(&settings->publish, &card))
    return EXIT_STATUS_USAGE;
  if (!stop_wish_init(settings->stop_event))
    return EXIT_STATUS_FAILED;
  const enum exit_status status = with_stop_wish(settings, &card);
  stop_wish_finish();
  return status;
}

enum exit_status verb_run(const struct agent_settings *settings) {
  const bool is_service_worker = settings->stop_event[0] != 0;
  if (is_service_worker)
    agent_log_open("agent.log"); /* nobody sees its standard error */
  enum exit_status status = EXIT_STATUS_FAILED;
  if (!must_be_alone(settings) || instance_lock_acquire())
    status = run(settings);
  instance_lock_release();
  if (is_service_worker)
    agent_log_close();
  return status;
}
