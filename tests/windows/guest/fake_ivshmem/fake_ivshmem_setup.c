/* Installs the fake driver as the real one is, a kernel service with device interfaces, and pulls its strings.
 *
 *   fake_ivshmem_setup install DRIVER.sys VECTORS FILE...   a device for each file ("\??\Z:\dev\shm\x")
 *   fake_ivshmem_setup uninstall
 *   fake_ivshmem_setup interrupt|vanish|rings NUMBER
 *
 * Exit status 0, or 1 with a line. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <winioctl.h>

#include <setupapi.h>

#include "fake_ivshmem.h"

static const GUID interface_guid = {0xdf576976, 0x569d, 0x4672, {0x95, 0xa0, 0xf5, 0x7e, 0x4e, 0xa0, 0xb2, 0x10}};
static const GUID system_class = {0x4d36e97d, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

static bool failed(const char *what) {
  fprintf(stderr, "fake_ivshmem_setup: %s: error %lu\n", what, GetLastError());
  return false;
}

/* ---- the service ---- */

static bool write_parameters(int count, wchar_t **files, DWORD vectors) {
  HKEY key;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"System\\CurrentControlSet\\Services\\" FAKE_IVSHMEM_SERVICE, 0, KEY_ALL_ACCESS, &key))
    return failed("the service's key");
  bool good = RegSetValueExW(key, L"Vectors", 0, REG_DWORD, (const BYTE *)&vectors, sizeof vectors) == 0;
  for (int i = 0; i < count; i++) {
    wchar_t name[] = L"Region0";
    name[6] = (wchar_t)(L'0' + i);
    good &= RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)files[i], (DWORD)((wcslen(files[i]) + 1) * sizeof(wchar_t))) == 0;
  }
  RegCloseKey(key);
  return good || failed("the service's values");
}

static bool start_service(const wchar_t *driver, int count, wchar_t **files, DWORD vectors) {
  const SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  const SC_HANDLE service = CreateServiceW(manager, FAKE_IVSHMEM_SERVICE, FAKE_IVSHMEM_SERVICE, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                                           SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, driver, NULL, NULL, NULL, NULL, NULL);
  if (!service)
    return failed("CreateService");
  const bool good = write_parameters(count, files, vectors) && (StartServiceW(service, 0, NULL) || failed("StartService"));
  CloseServiceHandle(service);
  CloseServiceHandle(manager);
  return good;
}

/* ---- the device interface ---- */

/* Wine counts an interface as present when this value says so. */
static bool mark_present(int number) {
  wchar_t path[300];
  HKEY key;
  const DWORD one = 1;
  swprintf(path, 300, L"System\\CurrentControlSet\\Control\\DeviceClasses\\%ls\\##?#ROOT#FAKEIVSHMEM#000%d#%ls\\#\\Control",
           FAKE_IVSHMEM_GUID, number, FAKE_IVSHMEM_GUID);
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &key, NULL))
    return failed("the interface's key");
  const bool good = RegSetValueExW(key, L"Linked", 0, REG_DWORD, (const BYTE *)&one, sizeof one) == 0;
  RegCloseKey(key);
  return good || failed("Linked");
}

static bool add_interface(int number) {
  wchar_t name[40];
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  SP_DEVICE_INTERFACE_DATA interface = {.cbSize = sizeof interface};
  const HDEVINFO set = SetupDiCreateDeviceInfoList(&system_class, NULL);
  swprintf(name, 40, L"ROOT\\FAKEIVSHMEM\\000%d", number);
  const bool good = (SetupDiCreateDeviceInfoW(set, name, &system_class, L"fake ivshmem", NULL, 0, &device) ||
                     SetupDiOpenDeviceInfoW(set, name, NULL, 0, &device)) &&
                    SetupDiRegisterDeviceInfo(set, &device, 0, NULL, NULL, NULL) &&
                    SetupDiCreateDeviceInterfaceW(set, &device, &interface_guid, NULL, 0, &interface);
  const bool said = good || failed("the device interface");
  SetupDiDestroyDeviceInfoList(set);
  return said && mark_present(number);
}

static bool install(int count, wchar_t **words) {
  if (count < 3 || count > 2 + (int)FAKE_IVSHMEM_DEVICES_MAX)
    return false;
  if (!start_service(words[0], count - 2, words + 2, (DWORD)_wtoi(words[1])))
    return false;
  for (int i = 0; i < count - 2; i++) {
    if (!add_interface(i))
      return false;
  }
  return true;
}

static void remove_interfaces(void) {
  const HDEVINFO set = SetupDiGetClassDevsW(&interface_guid, NULL, NULL, DIGCF_DEVICEINTERFACE);
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++)
    SetupDiCallClassInstaller(DIF_REMOVE, set, &device);
  SetupDiDestroyDeviceInfoList(set);
}

static bool uninstall(void) {
  SERVICE_STATUS status;
  const SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  const SC_HANDLE service = OpenServiceW(manager, FAKE_IVSHMEM_SERVICE, SERVICE_ALL_ACCESS);
  if (!service)
    return failed("OpenService");
  ControlService(service, SERVICE_CONTROL_STOP, &status);
  remove_interfaces();
  const bool good = DeleteService(service) || failed("DeleteService");
  CloseServiceHandle(service);
  CloseServiceHandle(manager);
  return good;
}

/* ---- strings ---- */

static bool pull(const wchar_t *what, const wchar_t *number) {
  wchar_t path[120];
  struct fake_ivshmem_rings rings = {0};
  DWORD written;
  const bool count = wcscmp(what, L"rings") == 0;
  const DWORD code = count ? FAKE_IVSHMEM_RINGS : wcscmp(what, L"vanish") == 0 ? FAKE_IVSHMEM_VANISH : FAKE_IVSHMEM_INTERRUPT;
  swprintf(path, 120, L"\\\\?\\ROOT#FAKEIVSHMEM#000%ls#%ls", number, FAKE_IVSHMEM_GUID);
  const HANDLE device = CreateFileW(path, 0, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (device == INVALID_HANDLE_VALUE)
    return failed("the device");
  const bool good = DeviceIoControl(device, code, NULL, 0, count ? &rings : NULL, count ? sizeof rings : 0, &written, NULL) || failed("it");
  CloseHandle(device);
  if (good && count)
    printf("%u %u %u\n", rings.count, rings.last_peer, rings.last_vector);
  return good;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv) {
  bool good = false;
  if (argc > 2 && wcscmp(argv[1], L"install") == 0)
    good = install(argc - 2, argv + 2);
  else if (argc == 2 && wcscmp(argv[1], L"uninstall") == 0)
    good = uninstall();
  else if (argc == 3)
    good = pull(argv[1], argv[2]);
  return good ? 0 : 1;
}
