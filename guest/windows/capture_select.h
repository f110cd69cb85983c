/* The source that the settings ask for: where there are several ways to it, the ladder of them. */
#ifndef TRANSOM_GUEST_WINDOWS_CAPTURE_SELECT_H
#define TRANSOM_GUEST_WINDOWS_CAPTURE_SELECT_H

#include "guest/core/capture_ladder.h"
#include "guest/core/region_device.h"
#include "guest/windows/agent_settings.h"

struct capture_select {
  const struct agent_settings *settings;
  const struct test_card_options *card;
  struct region_device *device; /* GPUs may copy straight into its memory */
};

/* `select` and all it names must outlive the source. NULL: out of memory. */
struct screen_capture *capture_select_create(const struct capture_select *select);

/* The rungs that the settings leave. For selftest. Returns how many. */
uint32_t capture_select_rungs(const struct agent_settings *settings, struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX]);

/* Is `step` among the comma-separated names of --fault? Steps: the names of the rungs' ways, "duplication direct readback staging gdi",
 * and "convert", the GPU's conversion of scRGB. */
bool capture_select_fault(const struct agent_settings *settings, const char *step);

#endif
