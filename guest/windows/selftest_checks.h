/* The parts of selftest. Each adds its lines to the report and leaves everything as it was, but for the region's content: what was in it is
 * an ended agent's. */
#ifndef TRANSOM_GUEST_WINDOWS_SELFTEST_CHECKS_H
#define TRANSOM_GUEST_WINDOWS_SELFTEST_CHECKS_H

#include "guest/windows/agent_settings.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/selftest_report.h"

#define SELFTEST_REGION "region"
#define SELFTEST_OUTPUTS "active outputs"
#define SELFTEST_DESKTOP "desktop" /* at least one way to it */

/* The driver's devices; NULL when there is no region to go on with. */
struct region_device *selftest_region(struct selftest_report *report, const struct agent_settings *settings);

/* Each cache mode in turn, if it is the driver's. Opens the region itself: none may be open. */
void selftest_mapping_speed(struct selftest_report *report, const struct agent_settings *settings);

void selftest_outputs(struct selftest_report *report);
void selftest_cursor(struct selftest_report *report);
void selftest_session(struct selftest_report *report);
void selftest_clock(struct selftest_report *report);

/* Colours of a desktop with high dynamic range or a wide gamut: the GPU's conversion against the processor's, each curve. */
void selftest_conversion(struct selftest_report *report, const struct agent_settings *settings);

/* Each way on the ladder, with milliseconds a frame and a check of the pixels. */
void selftest_captures(struct selftest_report *report, const struct agent_settings *settings, struct region_device *device);

#endif
