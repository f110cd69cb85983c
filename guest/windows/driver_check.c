/* `transom-agent driver`: is the IVSHMEM device there, has it a driver, and where is one to be had? The installer shows what this prints.
 */
#include "guest/windows/ivshmem_driver.h"
#include "guest/windows/verbs.h"

#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#include <setupapi.h>

#define HARDWARE_ID L"PCI\\VEN_1AF4&DEV_1110"
#define IDS_CHARS 1024

/* Windows does not bring this driver, nor does the usual virtio-win ISO. */
static const char where_to_get_it[] = "  1. Download virtio-win-08032022.zip from\n"
                                      "     https://fedorapeople.org/groups/virt/virtio-win/direct-downloads/upstream-virtio/\n"
                                      "     and unpack it. (The virtio-win ISO does not hold this driver.)\n"
                                      "  2. As administrator, with the folder that holds ivshmem.inf for your Windows:\n"
                                      "     pnputil /add-driver \"FOLDER\\ivshmem.inf\" /install\n";

/* The property is a list of texts, each with its 0; the list ends with an empty one. */
static bool is_ivshmem(HDEVINFO devices, SP_DEVINFO_DATA *device) {
  wchar_t ids[IDS_CHARS] = {0};
  if (!SetupDiGetDeviceRegistryPropertyW(devices, device, SPDRP_HARDWAREID, NULL, (BYTE *)ids, sizeof ids - 2 * sizeof *ids, NULL))
    return false;
  for (const wchar_t *id = ids; *id; id += wcslen(id) + 1) {
    if (_wcsnicmp(id, HARDWARE_ID, wcslen(HARDWARE_ID)) == 0)
      return true;
  }
  return false;
}

static unsigned count_pci_devices(void) {
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  unsigned count = 0;
  const HDEVINFO devices = SetupDiGetClassDevsW(NULL, L"PCI", NULL, DIGCF_PRESENT | DIGCF_ALLCLASSES);
  if (devices == INVALID_HANDLE_VALUE)
    return 0;
  for (DWORD i = 0; SetupDiEnumDeviceInfo(devices, i, &device); i++)
    count += is_ivshmem(devices, &device);
  SetupDiDestroyDeviceInfoList(devices);
  return count;
}

static enum exit_status say_devices(const struct ivshmem_entries *found) {
  unsigned answering = 0;
  for (uint32_t i = 0; i < found->count; i++)
    answering += found->list[i].bytes > 0;
  printf("IVSHMEM driver: %s, %u device%s, %u of them answering\n", answering ? "works" : "installed", found->count,
         found->count == 1 ? "" : "s", answering);
  return answering ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

enum exit_status verb_driver(const struct agent_settings *settings) {
  (void)settings;
  struct ivshmem_entries found;
  ivshmem_driver_list(&found);
  if (found.count > 0)
    return say_devices(&found);
  if (count_pci_devices() > 0) {
    printf("IVSHMEM driver: missing. The device is there, but Windows has no driver for it:\n%s", where_to_get_it);
    return EXIT_STATUS_FAILED;
  }
  printf("IVSHMEM driver: there is no IVSHMEM device in this machine. Add one to the VM (transom setup does), then the driver:\n%s",
         where_to_get_it);
  return EXIT_STATUS_CANNOT_RUN_HERE;
}
