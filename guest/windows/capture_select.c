#include "guest/windows/capture_select.h"

#include "guest/windows/capture_gdi.h"

struct screen_capture *capture_select_create(const struct agent_settings *settings, const struct test_card_options *card,
                                             struct region_device *device) {
  (void)device;
  return settings->source == AGENT_SOURCE_TEST_CARD ? test_card_create(card) : capture_gdi_create((uint32_t)settings->output);
}
