#include "guest/windows/ivshmem_driver.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <winioctl.h>

#include <setupapi.h>

static const GUID interface_guid = {0xdf576976, 0x569d, 0x4672, {0x95, 0xa0, 0xf5, 0x7e, 0x4e, 0xa0, 0xb2, 0x10}};

#define IOCTL(number) CTL_CODE(FILE_DEVICE_UNKNOWN, number, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_SIZE IOCTL(0x801)
#define IOCTL_MAP IOCTL(0x802)
#define IOCTL_UNMAP IOCTL(0x803)
#define IOCTL_RING IOCTL(0x804)
#define IOCTL_REGISTER_EVENT IOCTL(0x805)

struct map_answer {
  uint16_t peer_id;
  uint64_t bytes;
  void *base;
  uint16_t vectors;
};
_Static_assert(sizeof(struct map_answer) == 32 && offsetof(struct map_answer, vectors) == 24, "the driver's MMAP answer");

struct ring_request {
  uint16_t peer_id, vector;
};
_Static_assert(sizeof(struct ring_request) == 4, "the driver's doorbell request");

struct event_request {
  uint16_t vector;
  HANDLE event;
  uint8_t single_shot;
};
_Static_assert(sizeof(struct event_request) == 24 && offsetof(struct event_request, single_shot) == 16, "the driver's event request");

/* ---- requests ---- */

static unsigned long request(void *handle, DWORD code, const void *in, size_t in_bytes, void *out, size_t out_bytes) {
  DWORD written = 0;
  if (!DeviceIoControl(handle, code, (void *)(uintptr_t)in, (DWORD)in_bytes, out, (DWORD)out_bytes, &written, NULL))
    return GetLastError();
  return written == out_bytes ? ERROR_SUCCESS : ERROR_INVALID_DATA;
}

void *ivshmem_driver_open(const struct ivshmem_entry *entry) {
  return CreateFileW(entry->path, 0, 0, NULL, OPEN_EXISTING, 0, NULL); /* not inheritable: the mapping is this process's */
}

unsigned long ivshmem_driver_size(void *handle, uint64_t *bytes) {
  uint64_t answer = 0;
  const unsigned long error = request(handle, IOCTL_SIZE, NULL, 0, &answer, sizeof answer);
  if (!error)
    *bytes = answer;
  return error;
}

unsigned long ivshmem_driver_map(void *handle, enum ivshmem_cache cache, struct ivshmem_mapping *mapping) {
  const uint8_t mode = (uint8_t)cache;
  struct map_answer answer = {0};
  const unsigned long error = request(handle, IOCTL_MAP, &mode, sizeof mode, &answer, sizeof answer);
  if (error)
    return error;
  if (!answer.base)
    return ERROR_INVALID_DATA;
  *mapping = (struct ivshmem_mapping){.base = answer.base, .bytes = answer.bytes, .peer_id = answer.peer_id, .vectors = answer.vectors};
  return ERROR_SUCCESS;
}

unsigned long ivshmem_driver_unmap(void *handle) { return request(handle, IOCTL_UNMAP, NULL, 0, NULL, 0); }

unsigned long ivshmem_driver_ring(void *handle, uint16_t peer_id, uint16_t vector) {
  const struct ring_request ring = {peer_id, vector};
  return request(handle, IOCTL_RING, &ring, sizeof ring, NULL, 0);
}

unsigned long ivshmem_driver_register_event(void *handle, uint16_t vector, void *event) {
  struct event_request registration;
  memset(&registration, 0, sizeof registration);
  registration.vector = vector;
  registration.event = event;
  return request(handle, IOCTL_REGISTER_EVENT, &registration, sizeof registration, NULL, 0);
}

/* ---- the list ---- */

/* Under Wine neither property exists. */
static uint32_t property(HDEVINFO set, SP_DEVINFO_DATA *device, DWORD which) {
  DWORD value = 0;
  return SetupDiGetDeviceRegistryPropertyW(set, device, which, NULL, (BYTE *)&value, sizeof value, NULL) ? value : 0;
}

static bool read_path(HDEVINFO set, SP_DEVINFO_DATA *device, wchar_t path[IVSHMEM_PATH_CHARS]) {
  SP_DEVICE_INTERFACE_DATA found = {.cbSize = sizeof found};
  union {
    SP_DEVICE_INTERFACE_DETAIL_DATA_W detail;
    uint8_t room[sizeof(DWORD) + IVSHMEM_PATH_CHARS * sizeof(wchar_t)];
  } answer = {.detail = {.cbSize = sizeof(SP_DEVICE_INTERFACE_DETAIL_DATA_W)}};
  if (!SetupDiEnumDeviceInterfaces(set, device, &interface_guid, 0, &found) ||
      !SetupDiGetDeviceInterfaceDetailW(set, &found, &answer.detail, sizeof answer, NULL, NULL))
    return false;
  const size_t length = wcsnlen(answer.detail.DevicePath, IVSHMEM_PATH_CHARS);
  if (length == IVSHMEM_PATH_CHARS)
    return false;
  memcpy(path, answer.detail.DevicePath, (length + 1) * sizeof *path);
  return true;
}

static int compare_entries(const void *a, const void *b) {
  const struct ivshmem_entry *one = a, *other = b;
  if (one->bus != other->bus)
    return one->bus < other->bus ? -1 : 1;
  if (one->address != other->address)
    return one->address < other->address ? -1 : 1;
  return wcscmp(one->path, other->path);
}

static void ask_size(struct ivshmem_entry *entry) {
  const HANDLE handle = ivshmem_driver_open(entry);
  if (handle == INVALID_HANDLE_VALUE)
    return;
  if (ivshmem_driver_size(handle, &entry->bytes) != ERROR_SUCCESS)
    entry->bytes = 0;
  CloseHandle(handle);
}

void ivshmem_driver_list(struct ivshmem_entries *found) {
  memset(found, 0, sizeof *found);
  const HDEVINFO set = SetupDiGetClassDevsW(&interface_guid, NULL, NULL, DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);
  if (set == INVALID_HANDLE_VALUE)
    return;
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  for (DWORD i = 0; found->count < IVSHMEM_DEVICES_MAX && SetupDiEnumDeviceInfo(set, i, &device); i++) {
    struct ivshmem_entry *entry = &found->list[found->count];
    *entry = (struct ivshmem_entry){.bus = property(set, &device, SPDRP_BUSNUMBER), .address = property(set, &device, SPDRP_ADDRESS)};
    if (!read_path(set, &device, entry->path))
      continue;
    ask_size(entry);
    found->count++;
  }
  SetupDiDestroyDeviceInfoList(set);
  qsort(found->list, found->count, sizeof found->list[0], compare_entries);
}
