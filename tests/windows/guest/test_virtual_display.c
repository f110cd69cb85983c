/* What virtual displays' drivers are told, as they would find it: registry, settings file and a pipe that this program plays. No such
 * driver is here; whether one does what its description says, only Windows can show.
 *
 *   test_virtual_display DIRECTORY     which is empty, for the settings file */
#include "common/log.h"
#include "expect.h"
#include "guest/windows/virtual_display_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define KEYS_ROOT L"SOFTWARE\\Parsec\\vdd"
#define VALUES_ROOT L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\WUDF\\Services\\usbmmIdd\\Parameters\\Monitors"
#define PATH_ROOT L"SOFTWARE\\MikeTheTech\\VirtualDisplayDriver"
#define SETTINGS "<vdd_settings><resolutions><resolution><width>800</width></resolution></resolutions></vdd_settings>"

static enum display_offer offer(const char *hardware_id, uint32_t width, uint32_t height, uint32_t refresh_mhz) {
  return virtual_display_offer(virtual_display_find(hardware_id), &(struct display_mode){width, height, refresh_mhz});
}

static HKEY make_key(const wchar_t *path) {
  HKEY key = NULL;
  EXPECT(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) == ERROR_SUCCESS);
  return key;
}

static DWORD number_at(HKEY root, const wchar_t *path, const wchar_t *name) {
  DWORD number = 0, bytes = sizeof number;
  EXPECT(RegGetValueW(root, path, name, RRF_RT_REG_DWORD, NULL, &number, &bytes) == ERROR_SUCCESS);
  return number;
}

/* ---- registry ---- */

static void keys_take_one_mode_of_ours(void) {
  HKEY root = make_key(KEYS_ROOT), users = make_key(KEYS_ROOT L"\\0");
  const DWORD width = 1234;
  EXPECT(RegSetValueExW(users, L"width", 0, REG_DWORD, (const BYTE *)&width, sizeof width) == ERROR_SUCCESS);
  EXPECT(offer("Root\\Parsec\\VDA", 2560, 1440, 144000) == DISPLAY_OFFER_LATER);
  EXPECT(offer("Root\\Parsec\\VDA", 1920, 1200, 59940) == DISPLAY_OFFER_LATER);
  EXPECT(number_at(root, L"0", L"width") == 1234); /* the user's */
  EXPECT(number_at(root, L"1", L"width") == 1920 && number_at(root, L"1", L"height") == 1200 && number_at(root, L"1", L"hz") == 60);
  EXPECT(RegOpenKeyExW(root, L"2", 0, KEY_READ, &users) != ERROR_SUCCESS);
  RegCloseKey(root);
}

static void values_take_one_mode_of_ours(void) {
  HKEY root = make_key(VALUES_ROOT);
  wchar_t text[32], name[4] = L"0";
  EXPECT(offer("usbmmidd", 2560, 1440, 0) == DISPLAY_OFFER_LATER);
  EXPECT(offer("usbmmidd", 1920, 1200, 0) == DISPLAY_OFFER_LATER);
  DWORD bytes = sizeof text;
  EXPECT(RegGetValueW(root, NULL, L"0", RRF_RT_REG_SZ, NULL, text, &bytes) == ERROR_SUCCESS && wcscmp(text, L"1920,1200") == 0);
  EXPECT(RegQueryValueExW(root, L"1", NULL, NULL, NULL, NULL) != ERROR_SUCCESS);
  EXPECT(RegDeleteValueW(root, L"TransomPlace") == ERROR_SUCCESS);
  for (; name[0] <= L'9'; name[0]++)
    EXPECT(RegSetValueExW(root, name, 0, REG_SZ, (const BYTE *)L"1,2", 8) == ERROR_SUCCESS);
  EXPECT(offer("usbmmidd", 1920, 1200, 0) == DISPLAY_OFFER_NONE); /* ten of the user's */
  bytes = sizeof text;
  EXPECT(RegGetValueW(root, NULL, L"9", RRF_RT_REG_SZ, NULL, text, &bytes) == ERROR_SUCCESS && wcscmp(text, L"1,2") == 0);
  RegCloseKey(root);
}

/* ---- settings file and pipe ---- */

static DWORD WINAPI play_driver(void *heard) {
  DWORD bytes = 0;
  HANDLE pipe = CreateNamedPipeW(L"\\\\.\\pipe\\MTTVirtualDisplayPipe", PIPE_ACCESS_DUPLEX,
                                 PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, 1, 512, 512, 0, NULL);
  SetEvent(((HANDLE *)heard)[0]);
  if (ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED)
    ReadFile(pipe, (wchar_t *)((HANDLE *)heard)[1], 60, &bytes, NULL);
  CloseHandle(pipe);
  return bytes;
}

static void write_settings(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  EXPECT(file && fputs(text, file) >= 0);
  fclose(file);
}

static bool settings_hold(const char *path, const char *part) {
  char text[1024] = "";
  FILE *file = fopen(path, "rb");
  EXPECT(file != NULL);
  fread(text, 1, sizeof text - 1, file);
  fclose(file);
  return strstr(text, part) != NULL;
}

static void settings_are_changed_and_read_again(const char *directory) {
  char path[MAX_PATH];
  wchar_t wide[MAX_PATH], heard[32] = L"";
  DWORD bytes = 0;
  HANDLE shared[2] = {CreateEventW(NULL, TRUE, FALSE, NULL), (HANDLE)heard};
  HKEY key = make_key(PATH_ROOT);
  snprintf(path, sizeof path, "%s\\vdd_settings.xml", directory);
  MultiByteToWideChar(CP_UTF8, 0, directory, -1, wide, MAX_PATH);
  EXPECT(RegSetValueExW(key, L"VDDPATH", 0, REG_SZ, (const BYTE *)wide, (DWORD)(wcslen(wide) + 1) * 2) == ERROR_SUCCESS);
  RegCloseKey(key);
  EXPECT(offer("Root\\MttVDD", 2560, 1440, 144000) == DISPLAY_OFFER_NONE); /* no file */
  write_settings(path, "no settings");
  EXPECT(offer("Root\\MttVDD", 2560, 1440, 144000) == DISPLAY_OFFER_NONE);
  EXPECT(settings_hold(path, "no settings"));
  write_settings(path, SETTINGS);
  EXPECT(offer("Root\\MttVDD", 2560, 1440, 144000) == DISPLAY_OFFER_NONE); /* no driver listens */
  HANDLE thread = CreateThread(NULL, 0, play_driver, shared, 0, NULL);
  WaitForSingleObject(shared[0], INFINITE);
  EXPECT(offer("Root\\MttVDD", 2560, 1440, 144000) == DISPLAY_OFFER_SOON);
  WaitForSingleObject(thread, INFINITE);
  EXPECT(GetExitCodeThread(thread, &bytes) && bytes == 26 && wcscmp(heard, L"RELOAD_DRIVER") == 0);
  EXPECT(settings_hold(path, "<width>800</width></resolution><!-- Transom"));
  EXPECT(settings_hold(path, "<width>2560</width><height>1440</height><refresh_rate>144</refresh_rate>"));
  CloseHandle(thread);
  CloseHandle(shared[0]);
}

/* Also what a run that failed has left. */
static void forget(void) {
  RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Parsec");
  RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\MikeTheTech");
  RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\WUDF\\Services\\usbmmIdd");
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  log_set_level(LOG_ERROR);
  forget();
  EXPECT(offer("PCI\\VEN_10DE&DEV_2684", 640, 480, 0) == DISPLAY_OFFER_NONE);
  EXPECT(offer("root\\sudomaker\\sudovda", 640, 480, 0) == DISPLAY_OFFER_NONE);
  keys_take_one_mode_of_ours();
  values_take_one_mode_of_ours();
  settings_are_changed_and_read_again(argv[1]);
  forget();
  puts("three drivers were told of modes, and nothing of the user's was touched");
  return 0;
}
