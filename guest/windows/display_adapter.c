#include "guest/windows/display_adapter.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <setupapi.h>

#define INSTANCE_CHARS 200
#define PROPERTY_CHARS 512

/* The device class "Display adapters". */
static const GUID display_class = {0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

/* A path names its device's instance, with # for each backslash, between \\?\ and the interface's {GUID}. */
static bool instance_of_path(const wchar_t *path, wchar_t instance[INSTANCE_CHARS]) {
  const wchar_t *end = wcsrchr(path, L'#');
  if (wcsncmp(path, L"\\\\?\\", 4) != 0 || !end || end - path - 4 >= INSTANCE_CHARS || end < path + 4)
    return false;
  const size_t length = (size_t)(end - path - 4);
  for (size_t i = 0; i < length; i++)
    instance[i] = path[4 + i] == L'#' ? L'\\' : path[4 + i];
  instance[length] = 0;
  return true;
}

/* The first text of a property; "" when the device has none. */
static void property(HDEVINFO devices, SP_DEVINFO_DATA *device, DWORD which, char *to, int capacity) {
  wchar_t text[PROPERTY_CHARS] = {0};
  to[0] = 0;
  if (!SetupDiGetDeviceRegistryPropertyW(devices, device, which, NULL, (BYTE *)text, sizeof text - sizeof *text, NULL))
    return;
  if (WideCharToMultiByte(CP_UTF8, 0, text, -1, to, capacity, NULL, NULL) == 0)
    to[capacity - 1] = 0; /* it was longer: the beginning is enough */
}

static void describe(HDEVINFO devices, SP_DEVINFO_DATA *device, struct display_adapter *adapter) {
  char id[PROPERTY_CHARS];
  property(devices, device, SPDRP_HARDWAREID, id, sizeof id);
  adapter->kind = display_kind_of(id);
  adapter->driver = virtual_display_find(id);
  property(devices, device, SPDRP_DEVICEDESC, adapter->name, sizeof adapter->name);
  if (!adapter->name[0])
    strcpy(adapter->name, "a display adapter");
}

void display_adapter_of_path(const wchar_t *path, struct display_adapter *adapter) {
  wchar_t instance[INSTANCE_CHARS];
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  *adapter = (struct display_adapter){.kind = DISPLAY_GPU, .name = "a display adapter"};
  const HDEVINFO devices = instance_of_path(path, instance) ? SetupDiCreateDeviceInfoList(NULL, NULL) : INVALID_HANDLE_VALUE;
  if (devices == INVALID_HANDLE_VALUE)
    return;
  if (SetupDiOpenDeviceInfoW(devices, instance, NULL, 0, &device))
    describe(devices, &device, adapter);
  SetupDiDestroyDeviceInfoList(devices);
}

void display_adapter_count(struct display_scene *scene) {
  struct display_adapter adapter;
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  scene->gpus = 0;
  const HDEVINFO devices = SetupDiGetClassDevsW(&display_class, NULL, NULL, DIGCF_PRESENT);
  if (devices == INVALID_HANDLE_VALUE)
    return;
  for (DWORD i = 0; SetupDiEnumDeviceInfo(devices, i, &device); i++) {
    describe(devices, &device, &adapter);
    if (adapter.kind == DISPLAY_GPU && scene->gpus++ == 0)
      memcpy(scene->gpu_name, adapter.name, sizeof scene->gpu_name);
  }
  SetupDiDestroyDeviceInfoList(devices);
}
