#include "guest/core/publish_settings.h"

#include "common/test_card_strip.h"
#include "protocol/layout.h"

#include <stdio.h>

const char *const publish_settings_formats[] = {"bgra8", "rgba8", "rgb10a2", "rgba16f", NULL};
const char *const publish_settings_stats_forms[] = {"none", "json", NULL};
const char *const publish_settings_levels[] = {"error", "warning", "info", "debug", NULL};

bool publish_settings_test_card(const struct publish_settings *settings, struct test_card_options *card) {
  unsigned width, height;
  char rest;
  if (sscanf(settings->size, "%5ux%5u%c", &width, &height, &rest) != 2 || width < TEST_CARD_EDGE_MIN || width > TRANSOM_WIDTH_MAX ||
      height < TEST_CARD_EDGE_MIN || height > TRANSOM_HEIGHT_MAX) {
    fprintf(stderr, "transom-agent: --size is WxH, from %ux%u to %ux%u, not '%s'; try --help\n", TEST_CARD_EDGE_MIN, TEST_CARD_EDGE_MIN,
            TRANSOM_WIDTH_MAX, TRANSOM_HEIGHT_MAX, settings->size);
    return false;
  }
  *card = (struct test_card_options){
      .width = width,
      .height = height,
      .format = (enum transom_format)(settings->format + 1),
      .rate = (uint32_t)settings->rate,
      .damage_percent = (uint32_t)settings->damage,
      .still_after = (uint32_t)settings->still_after,
      .cursor = settings->cursor,
  };
  return true;
}
