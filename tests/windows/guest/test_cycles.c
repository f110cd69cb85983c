/* A hundred starts and stops of all that the agent opens, on each way that works here: as many handles, GDI objects and (for the host's
 * kernel) descriptors afterwards as after the first, and no reference left to a Direct3D device.
 *
 *   test_cycles REGION_FILE */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "guest/core/agent.h"
#include "guest/windows/capture_select.h"
#include "guest/windows/d3d_device.h"
#include "guest/windows/process_setup.h"
#include "guest/windows/region_device_windows.h"
#include "guest/windows/region_guard.h"
#include "guest/windows/stop_wish.h"

#include "expect.h"
#include "handle_count.h"

#include <string.h>
#include <windows.h>

#define CYCLES 100
#define CYCLES_SHORT 10
#define SETTLE 2
#define PATIENCE_NS UINT64_C(60000000000)

/* The linker puts these before the agent's own: each device that it makes is also held here, until the cycle's end. */
HRESULT __real_d3d_device_create_11(IDXGIAdapter1 *adapter, ID3D11Device **device, ID3D11DeviceContext **context);
HRESULT __real_d3d_device_create_12(IDXGIAdapter1 *adapter, ID3D12Device **device);
HRESULT __wrap_d3d_device_create_11(IDXGIAdapter1 *adapter, ID3D11Device **device, ID3D11DeviceContext **context);
HRESULT __wrap_d3d_device_create_12(IDXGIAdapter1 *adapter, ID3D12Device **device);

static IUnknown *held;

static void hold(IUnknown *device) {
  EXPECT(!held);
  held = device;
  IUnknown_AddRef(held);
}

HRESULT __wrap_d3d_device_create_11(IDXGIAdapter1 *adapter, ID3D11Device **device, ID3D11DeviceContext **context) {
  const HRESULT result = __real_d3d_device_create_11(adapter, device, context);
  if (SUCCEEDED(result))
    hold((IUnknown *)*device);
  return result;
}

HRESULT __wrap_d3d_device_create_12(IDXGIAdapter1 *adapter, ID3D12Device **device) {
  const HRESULT result = __real_d3d_device_create_12(adapter, device);
  if (SUCCEEDED(result))
    hold((IUnknown *)*device);
  return result;
}

/* Everything that was made of a device holds it: nobody but us does any more. */
static void let_go(void) {
  if (held)
    EXPECT(IUnknown_Release(held) == 0);
  held = NULL;
}

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
  struct agent_stats stats = {.frames_published = 0};
  for (const uint64_t end_ns = clock_raw_ns() + PATIENCE_NS; stats.frames_published == 0; agent_stats(agent, &stats)) {
    EXPECT(clock_raw_ns() < end_ns);
    agent_look_now(agent);
    agent_step(agent);
    if (capture->settling)
      Sleep(1);
  }
  agent_finish(agent);
  agent_destroy(agent);
  capture->impl->destroy(capture);
  region_guard_finish();
  device->impl->destroy(device);
  process_setup_end(&setup);
  stop_wish_finish();
  let_go();
}

struct counts {
  unsigned long handles, objects, descriptors;
};

static struct counts count_all(void) { return (struct counts){handle_count(), gdi_object_count(), linux_descriptor_count()}; }

/* Some cycles first: what the system loads once and keeps is no leak. Of descriptors Wine keeps some for a while: one
 * more a cycle would be a leak. */
static void leaves_nothing(struct agent_settings *settings, const char *name, int cycles) {
  for (int i = 0; i < SETTLE; i++)
    cycle(settings);
  const struct counts before = count_all();
  const uint64_t began_ns = clock_raw_ns();
  for (int i = 0; i < cycles; i++)
    cycle(settings);
  const double seconds = (double)(clock_raw_ns() - began_ns) / 1e9;
  const struct counts after = count_all();
  printf("%s: %d starts and stops in %.1f s: handles %lu, then %lu; GDI objects %lu, then %lu; Linux descriptors %lu, then %lu\n", name,
         cycles, seconds, before.handles, after.handles, before.objects, after.objects, before.descriptors, after.descriptors);
  fflush(stdout);
  EXPECT(before.handles > 0 && after.handles == before.handles);
  EXPECT(before.objects > 0 && after.objects == before.objects);
  EXPECT(after.descriptors < before.descriptors + (unsigned long)cycles);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int source, copy;
  } ways[] = {{"test card", AGENT_SOURCE_TEST_CARD, AGENT_COPY_AUTO},
              {"GDI", AGENT_SOURCE_GDI, AGENT_COPY_AUTO},
              {"Direct3D 11, staging", AGENT_SOURCE_TEXTURE, AGENT_COPY_STAGING},
              {"Direct3D 12, readback", AGENT_SOURCE_TEXTURE, AGENT_COPY_READBACK}};
  struct agent_settings settings = {.publish = PUBLISH_SETTINGS_DEFAULT};
  EXPECT(argc == 2 && strlen(argv[1]) < sizeof settings.region);
  strcpy(settings.region, argv[1]);
  strcpy(settings.publish.size, "320x200");
  settings.publish.region_mib = 16;
  settings.publish.rate = 0;
  log_set_level(LOG_ERROR);
  memory_copy_init();
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    settings.source = ways[i].source;
    settings.copy = ways[i].copy;
    leaves_nothing(&settings, ways[i].name, getenv("TRANSOM_LONG") ? CYCLES : CYCLES_SHORT);
  }
  return 0;
}
