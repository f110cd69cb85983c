#define LOG_MODULE "display"
#include "guest/windows/display_watch.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/core/display_keeper.h"
#include "guest/windows/display_system_windows.h"

static struct display_system *system_displays; /* NULL = the displays are none of our affair */
static struct display_keeper keeper;

static bool shows_the_screen(const struct agent_settings *settings) {
  return settings->source != AGENT_SOURCE_TEST_CARD && settings->source != AGENT_SOURCE_TEXTURE;
}

void display_watch_begin(const struct agent_settings *settings) {
  const struct display_keeper_options options = {.only_display = settings->only_display, .keep_awake = settings->keep_awake};
  if (!shows_the_screen(settings))
    return;
  system_displays = display_system_windows_create();
  if (!system_displays) {
    log_warning("out of memory: the displays stay as they are");
    return;
  }
  display_keeper_init(&keeper, &options, system_displays, clock_raw_ns());
}

void display_watch_end(void) {
  if (!system_displays)
    return;
  display_keeper_finish(&keeper, clock_raw_ns());
  system_displays->impl->destroy(system_displays);
  system_displays = NULL;
}

uint64_t display_watch_step(const struct agent *agent) {
  struct agent_stats stats;
  if (!system_displays)
    return UINT64_MAX;
  agent_stats(agent, &stats);
  return display_keeper_step(&keeper, stats.consumers > 0, clock_raw_ns());
}

void display_watch_wish(uint32_t width, uint32_t height, uint32_t refresh_mhz, void *user_data) {
  (void)user_data;
  if (system_displays)
    display_keeper_wish_mode(&keeper, &(struct display_mode){width, height, refresh_mhz});
}
