#define LOG_MODULE "display"
#include "guest/windows/virtual_display_windows.h"

#include "common/log.h"
#include "guest/windows/vdd_driver.h"
#include "guest/windows/wide_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define HZ_DEFAULT 60u
#define PLACE_CHARS 160
#define OURS L"TransomPlace" /* beside the modes: which of them is ours, as a number from 0 */
#define KEYS_ROOT L"SOFTWARE\\Parsec\\vdd"
#define KEYS_MAX 5u
#define VALUES_ROOT L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\WUDF\\Services\\usbmmIdd\\Parameters\\Monitors"
#define VALUES_MAX 10u

static uint32_t rate_hz(const struct display_mode *mode) { return mode->refresh_mhz ? (mode->refresh_mhz + 500) / 1000 : HZ_DEFAULT; }

static enum display_offer failed(const struct virtual_display *driver, LONG error) {
  char reason[160];
  log_warning("%s cannot be told of a mode: %s", driver->name, system_error_text((unsigned long)error, reason, sizeof reason));
  return DISPLAY_OFFER_NONE;
}

static enum display_offer all_taken(const struct virtual_display *driver, uint32_t places) {
  log_warning("%s has no place for another mode: all %" PRIu32 " are taken; free one in the registry", driver->name, places);
  return DISPLAY_OFFER_NONE;
}

static bool read_number(HKEY key, const wchar_t *name, DWORD *number) {
  DWORD bytes = sizeof *number;
  return RegGetValueW(key, NULL, name, RRF_RT_REG_DWORD, NULL, number, &bytes) == ERROR_SUCCESS;
}

static LONG write_number(HKEY key, const wchar_t *name, DWORD number) {
  return RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&number, sizeof number);
}

/* ---- a value a mode: "0" = "1920,1080" ---- */

static bool value_exists(HKEY root, DWORD place) {
  wchar_t name[12];
  _snwprintf(name, 12, L"%lu", place);
  return RegQueryValueExW(root, name, NULL, NULL, NULL, NULL) == ERROR_SUCCESS;
}

static LONG write_value(HKEY root, DWORD place, const struct display_mode *mode) {
  wchar_t name[12], text[32];
  _snwprintf(name, 12, L"%lu", place);
  const int length = _snwprintf(text, 32, L"%" PRIu32 L",%" PRIu32, mode->width, mode->height);
  return RegSetValueExW(root, name, 0, REG_SZ, (const BYTE *)text, (DWORD)(length + 1) * sizeof *text);
}

/* ---- a key a mode: 0\width, height, hz ---- */

static bool key_exists(HKEY root, DWORD place) {
  wchar_t name[12];
  HKEY key;
  _snwprintf(name, 12, L"%lu", place);
  if (RegOpenKeyExW(root, name, 0, KEY_READ, &key) != ERROR_SUCCESS)
    return false;
  RegCloseKey(key);
  return true;
}

static LONG write_key(HKEY root, DWORD place, const struct display_mode *mode) {
  wchar_t name[12];
  HKEY key;
  _snwprintf(name, 12, L"%lu", place);
  LONG error = RegCreateKeyExW(root, name, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL);
  if (error != ERROR_SUCCESS)
    return error;
  error = write_number(key, L"width", mode->width);
  if (error == ERROR_SUCCESS)
    error = write_number(key, L"height", mode->height);
  if (error == ERROR_SUCCESS)
    error = write_number(key, L"hz", rate_hz(mode));
  RegCloseKey(key);
  return error;
}

/* ---- either ---- */

struct places {
  const wchar_t *root;
  DWORD count;
  bool (*exists)(HKEY root, DWORD place);
  LONG (*write)(HKEY root, DWORD place, const struct display_mode *mode);
};

static const struct places keys = {KEYS_ROOT, KEYS_MAX, key_exists, write_key};
static const struct places values = {VALUES_ROOT, VALUES_MAX, value_exists, write_value};

/* Ours, else the first that is free. The note of whose it is stands first: a death in between wastes a place, and takes none from the user.
 */
static enum display_offer put(const struct virtual_display *driver, const struct places *places, HKEY root,
                              const struct display_mode *mode) {
  DWORD place = places->count;
  LONG error = ERROR_SUCCESS;
  if (!read_number(root, OURS, &place) || place >= places->count) {
    for (place = 0; place < places->count && places->exists(root, place); place++)
      ;
    if (place == places->count)
      return all_taken(driver, places->count);
    error = write_number(root, OURS, place);
  }
  if (error == ERROR_SUCCESS)
    error = places->write(root, place, mode);
  return error == ERROR_SUCCESS ? DISPLAY_OFFER_LATER : failed(driver, error);
}

static enum display_offer offer_in_registry(const struct virtual_display *driver, const struct places *places,
                                            const struct display_mode *mode) {
  HKEY root;
  const LONG error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, places->root, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &root, NULL);
  if (error != ERROR_SUCCESS)
    return failed(driver, error);
  const enum display_offer offer = put(driver, places, root, mode);
  RegCloseKey(root);
  return offer;
}

enum display_offer virtual_display_offer(const struct virtual_display *driver, const struct display_mode *mode) {
  if (!driver)
    return DISPLAY_OFFER_NONE;
  switch (driver->way) {
  case VIRTUAL_DISPLAY_SETTINGS:
    return vdd_driver_offer(mode);
  case VIRTUAL_DISPLAY_KEYS:
    return offer_in_registry(driver, &keys, mode);
  case VIRTUAL_DISPLAY_VALUES:
    return offer_in_registry(driver, &values, mode);
  case VIRTUAL_DISPLAY_FIXED:
    break;
  }
  return DISPLAY_OFFER_NONE;
}
