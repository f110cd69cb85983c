#define LOG_MODULE "display"
#include "guest/windows/display_watch.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/core/display_keeper.h"
#include "guest/windows/display_system_windows.h"
#include "guest/windows/session_user.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#define BOOT_NS UINT64_C(120000000000) /* the service starts within that of the boot */

static struct display_system *system_displays; /* NULL = the displays are none of our affair */
static struct display_keeper keeper;
static char said[DISPLAY_NOTE_BYTES]; /* to the agent */

static bool shows_the_screen(const struct agent_settings *settings) {
  return settings->source != AGENT_SOURCE_TEST_CARD && settings->source != AGENT_SOURCE_TEXTURE;
}

/* A start of Windows from its saved kernel counts on in its uptime; but then nobody is logged in. */
static bool may_be_blind(void) { return GetTickCount64() * 1000000 < BOOT_NS || session_user_is_none(); }

void display_watch_begin(const struct agent_settings *settings) {
  const struct display_keeper_options options = {
      .only_display = settings->only_display, .keep_awake = settings->keep_awake, .may_be_blind = may_be_blind()};
  if (!shows_the_screen(settings))
    return;
  system_displays = display_system_windows_create();
  if (!system_displays) {
    log_warning("out of memory: the displays stay as they are");
    return;
  }
  said[0] = 0;
  display_keeper_init(&keeper, &options, system_displays, clock_raw_ns());
}

void display_watch_end(void) {
  if (!system_displays)
    return;
  display_keeper_finish(&keeper, clock_raw_ns());
  system_displays->impl->destroy(system_displays);
  system_displays = NULL;
}

static void say_note(struct agent *agent) {
  if (strcmp(said, keeper.note) == 0)
    return;
  snprintf(said, sizeof said, "%s", keeper.note);
  agent_note(agent, said);
}

uint64_t display_watch_step(struct agent *agent) {
  struct agent_stats stats;
  if (!system_displays)
    return UINT64_MAX;
  agent_stats(agent, &stats);
  const uint64_t due_ns = display_keeper_step(&keeper, stats.consumers > 0, clock_raw_ns());
  say_note(agent);
  return due_ns;
}

bool display_watch_is_on(void) { return system_displays != NULL; }

void display_watch_wish(uint32_t width, uint32_t height, uint32_t refresh_mhz, void *user_data) {
  (void)user_data;
  display_keeper_wish_mode(&keeper, &(struct display_mode){width, height, refresh_mhz});
}
