#include "guest/windows/screen_output.h"

#include "guest/windows/wide_text.h"

#include <dxgi1_6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PERIOD_DEFAULT_NS UINT64_C(16666667)
#define SECOND_NS UINT64_C(1000000000)
#define DEVICES_MAX 64u
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* Displays that a hypervisor emulates, and Windows' stand-in where there is no driver at all. */
static bool is_emulated(const DXGI_ADAPTER_DESC1 *adapter) {
  static const struct {
    UINT vendor, device;
  } emulated[] = {
      {0x1414, 0x008c}, /* Microsoft Basic Render Driver */
      {0x1b36, 0x0100}, /* QXL */
      {0x1234, 0x1111}, /* QEMU standard VGA, bochs-display */
      {0x1af4, 0x1050}, /* virtio-gpu */
      {0x15ad, 0x0405}, /* VMware SVGA II */
  };
  for (size_t i = 0; i < sizeof emulated / sizeof emulated[0]; i++) {
    if (adapter->VendorId == emulated[i].vendor && adapter->DeviceId == emulated[i].device)
      return true;
  }
  return adapter->Flags & DXGI_ADAPTER_FLAG_SOFTWARE;
}

static uint32_t quarter_turns(DXGI_MODE_ROTATION rotation) {
  return rotation >= DXGI_MODE_ROTATION_ROTATE90 && rotation <= DXGI_MODE_ROTATION_ROTATE270 ? (uint32_t)rotation - 1 : 0;
}

static void take_name(const wchar_t *wide, char *to, size_t capacity) {
  char *name = narrow_text(wide);
  snprintf(to, capacity, "%s", name ? name : "a GPU");
  free(name);
}

static void take_output(struct screen_outputs *outputs, const DXGI_ADAPTER_DESC1 *adapter, const DXGI_OUTPUT_DESC *desc, UINT adapter_index,
                        UINT output_index) {
  if (outputs->count == sizeof outputs->list / sizeof outputs->list[0])
    return;
  struct screen_output *output = &outputs->list[outputs->count++];
  const RECT *at = &desc->DesktopCoordinates;
  *output = (struct screen_output){.adapter = adapter_index,
                                   .output = output_index,
                                   .left = at->left,
                                   .top = at->top,
                                   .width = (uint32_t)(at->right - at->left),
                                   .height = (uint32_t)(at->bottom - at->top),
                                   .rotation = quarter_turns(desc->Rotation),
                                   .emulated = is_emulated(adapter)};
  memcpy(output->device, desc->DeviceName, sizeof output->device);
  take_name(adapter->Description, output->adapter_name, sizeof output->adapter_name);
}

static void take_adapter(struct screen_outputs *outputs, IDXGIAdapter1 *adapter, UINT index) {
  DXGI_ADAPTER_DESC1 desc;
  if (FAILED(IDXGIAdapter1_GetDesc1(adapter, &desc)))
    return;
  const uint32_t before = outputs->count;
  IDXGIOutput *output;
  for (UINT i = 0; IDXGIAdapter1_EnumOutputs(adapter, i, &output) == S_OK; i++) {
    DXGI_OUTPUT_DESC found;
    if (SUCCEEDED(IDXGIOutput_GetDesc(output, &found)) && found.AttachedToDesktop)
      take_output(outputs, &desc, &found, index, i);
    IDXGIOutput_Release(output);
  }
  if (outputs->count == before && !is_emulated(&desc) && outputs->idle_gpus++ == 0)
    take_name(desc.Description, outputs->idle_gpu_name, sizeof outputs->idle_gpu_name);
}

/* Stable: real GPUs first, each kind in DXGI's order. */
static void put_emulated_last(struct screen_outputs *outputs) {
  struct screen_outputs sorted = {.count = 0};
  for (int emulated = 0; emulated < 2; emulated++) {
    for (uint32_t i = 0; i < outputs->count; i++) {
      if (outputs->list[i].emulated == (emulated == 1))
        sorted.list[sorted.count++] = outputs->list[i];
    }
  }
  memcpy(outputs->list, sorted.list, sizeof sorted.list);
}

bool screen_output_list(struct screen_outputs *outputs) {
  memset(outputs, 0, sizeof *outputs);
  IDXGIFactory1 *factory;
  if (FAILED(CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&factory)))
    return false;
  IDXGIAdapter1 *adapter;
  for (UINT i = 0; IDXGIFactory1_EnumAdapters1(factory, i, &adapter) == S_OK; i++) {
    take_adapter(outputs, adapter, i);
    IDXGIAdapter1_Release(adapter);
  }
  IDXGIFactory1_Release(factory);
  put_emulated_last(outputs);
  return true;
}

static uint64_t mix(uint64_t serial, const void *data, size_t bytes) {
  const uint8_t *from = data;
  for (size_t i = 0; i < bytes; i++)
    serial = (serial ^ from[i]) * FNV_PRIME;
  return serial;
}

uint64_t screen_output_serial(void) {
  uint64_t serial = FNV_BASIS;
  DISPLAY_DEVICEW device = {.cb = sizeof device};
  for (DWORD i = 0; i < DEVICES_MAX && EnumDisplayDevicesW(NULL, i, &device, 0); i++) {
    serial = mix(serial, &device.StateFlags, sizeof device.StateFlags);
    serial = mix(serial, device.DeviceName, wcsnlen(device.DeviceName, 32) * sizeof(wchar_t));
    serial = mix(serial, device.DeviceID, wcsnlen(device.DeviceID, 128) * sizeof(wchar_t));
  }
  return serial;
}

uint64_t screen_output_period_ns(const struct screen_output *output) {
  DEVMODEW mode = {.dmSize = sizeof mode};
  if (!EnumDisplaySettingsW(output->device, ENUM_CURRENT_SETTINGS, &mode) || mode.dmDisplayFrequency <= 1)
    return PERIOD_DEFAULT_NS; /* 0 and 1 mean "the hardware's default" */
  return SECOND_NS / mode.dmDisplayFrequency;
}

const char *screen_output_advice(const struct screen_outputs *outputs, char *to, size_t capacity) {
  snprintf(to, capacity, "%.60s has no active output: give it a second cable to the monitor, a dummy plug or a virtual display driver",
           outputs->idle_gpus ? outputs->idle_gpu_name : "this guest");
  return to;
}
