#define LOG_MODULE "agent"
#include "common/log.h"
#include "guest/windows/process_setup.h"
#include "guest/windows/region_guard.h"
#include "guest/windows/selftest_checks.h"
#include "guest/windows/verbs.h"

#include <stdlib.h>

static void try_captures(struct selftest_report *report, const struct agent_settings *settings, struct region_device *device) {
  if (!region_guard_init(device)) {
    selftest_report_add(report, SELFTEST_FAIL, SELFTEST_REGION, "no handler for its loss");
    return;
  }
  selftest_captures(report, settings, device);
  region_guard_finish();
}

/* Outputs first: a GPU without one is what keeps most guests from working. */
static bool run(struct selftest_report *report, const struct agent_settings *settings) {
  selftest_outputs(report);
  selftest_session(report);
  selftest_clock(report);
  selftest_cursor(report);
  selftest_conversion(report, settings);
  char error[REGION_ERROR_BYTES];
  struct region_device *device = selftest_region(report, settings);
  if (!device)
    return false;
  device->impl->destroy(device);
  selftest_mapping_speed(report, settings);
  device = region_device_windows_open(settings, error);
  if (!device)
    return false;
  try_captures(report, settings, device);
  device->impl->destroy(device);
  return selftest_report_passed(report, SELFTEST_OUTPUTS) && selftest_report_passed(report, SELFTEST_DESKTOP);
}

enum exit_status verb_selftest(const struct agent_settings *settings) {
  struct process_setup setup;
  struct selftest_report *report = calloc(1, sizeof *report);
  if (!report) {
    log_error("out of memory");
    return EXIT_STATUS_FAILED;
  }
  if (settings->publish.log_level <= LOG_INFO)
    log_set_level(LOG_ERROR); /* the report says it */
  report->json = settings->json;
  process_setup_begin(&setup);
  const bool good = run(report, settings);
  process_setup_end(&setup);
  selftest_report_end(report, good);
  free(report);
  return good ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}
