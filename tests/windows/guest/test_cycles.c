/* A hundred starts and stops of all that the agent opens, on each source that works here: as many handles and GDI objects afterwards as
 * after the first.
 *
 *   test_cycles REGION_FILE */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "guest/core/agent.h"
#include "guest/windows/capture_select.h"
#include "guest/windows/process_setup.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/region_guard.h"
#include "guest/windows/stop_wish.h"

#include "expect.h"
#include "handle_count.h"

#include <string.h>
#include <windows.h>

#define CYCLES 100
#define GDI_CYCLES_SHORT 10 /* each asks Wine for its outputs anew, which takes long there */

static void cycle(const struct agent_settings *settings) {
  char error[REGION_ERROR_BYTES] = "";
  struct test_card_options card;
  struct process_setup setup;
  static const struct agent_options options = {.frames_max = 2};
  EXPECT(publish_settings_test_card(&settings->publish, &card));
  EXPECT(stop_wish_init(""));
  process_setup_begin(&setup);
  struct region_device *device = region_device_windows_open(settings, error);
  EXPECT(device);
  EXPECT(region_guard_init(device));
  const struct capture_select select = {.settings = settings, .card = &card, .device = device};
  struct screen_capture *capture = capture_select_create(&select);
  const struct agent_ports ports = {.device = device, .captures = {capture}, .now_ns = clock_raw_ns};
  struct agent *agent = agent_create(&options, &ports);
  EXPECT(agent);
  for (int i = 0; i < 4; i++) {
    agent_look_now(agent);
    agent_step(agent);
  }
  struct agent_stats stats;
  agent_stats(agent, &stats);
  EXPECT(stats.frames_published > 0);
  agent_finish(agent);
  agent_destroy(agent);
  capture->impl->destroy(capture);
  region_guard_finish();
  device->impl->destroy(device);
  process_setup_end(&setup);
  stop_wish_finish();
}

/* `settle` cycles first: what the system loads once and keeps is no leak. */
static void leaves_nothing(struct agent_settings *settings, const char *name, int cycles, int settle) {
  for (int i = 0; i < settle; i++)
    cycle(settings);
  const unsigned long handles = handle_count();
  const DWORD objects = GetGuiResources(GetCurrentProcess(), GR_GDIOBJECTS);
  for (int i = 0; i < cycles; i++)
    cycle(settings);
  printf("%s: %d starts and stops, %lu handles before, %lu after\n", name, cycles, handles, handle_count());
  EXPECT(handles > 0);
  EXPECT(handle_count() == handles);
  EXPECT(GetGuiResources(GetCurrentProcess(), GR_GDIOBJECTS) == objects);
}

int main(int argc, char **argv) {
  struct agent_settings settings = {.region_mib = 16, .publish = PUBLISH_SETTINGS_DEFAULT};
  EXPECT(argc == 2 && strlen(argv[1]) < sizeof settings.region);
  strcpy(settings.region, argv[1]);
  strcpy(settings.publish.size, "320x200");
  settings.publish.rate = 0;
  log_set_level(LOG_ERROR);
  memory_copy_init();
  settings.source = AGENT_SOURCE_TEST_CARD;
  leaves_nothing(&settings, "test card", CYCLES, 1);
  settings.source = AGENT_SOURCE_GDI;
  leaves_nothing(&settings, "GDI", getenv("TRANSOM_LONG") ? CYCLES : GDI_CYCLES_SHORT, 1);
  return 0;
}
