/* The source that the settings ask for. */
#ifndef TRANSOM_GUEST_WINDOWS_CAPTURE_SELECT_H
#define TRANSOM_GUEST_WINDOWS_CAPTURE_SELECT_H

#include "guest/core/region_device.h"
#include "guest/core/screen_capture.h"
#include "guest/windows/agent_settings.h"

/* `device` must outlive the source: GPUs may copy straight into its memory. NULL: out of memory. */
struct screen_capture *capture_select_create(const struct agent_settings *settings, const struct test_card_options *card,
                                             struct region_device *device);

#endif
