#define LOG_MODULE "display"
#include "guest/windows/display_system_windows.h"

#include "common/log.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/display_adapter.h"
#include "guest/windows/display_paths.h"
#include "guest/windows/virtual_display_windows.h"
#include "guest/windows/wide_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MARK_FILE "display.ours"

struct windows_displays {
  struct display_system base;
  struct display_paths listed;                                  /* what the scene was made of */
  UINT32 path_of[DISPLAY_OUTPUTS_MAX];                          /* its outputs' indices there */
  const struct virtual_display *driver_of[DISPLAY_OUTPUTS_MAX]; /* NULL = none that is known */
  struct display_paths saved;                                   /* what was active before our first change; empty = nothing changed */
  wchar_t changed_device[CCHDEVICENAME];                        /* whose mode we set; "" = none */
  bool marked;                                                  /* by this process, even where the file could not be written */
};

static struct windows_displays *of(struct display_system *system) { return (struct windows_displays *)system; }

static bool fail(const char *what, LONG error) {
  char reason[160];
  log_warning("%s: %s", what, system_error_text((unsigned long)error, reason, sizeof reason));
  return false;
}

/* ---- list ---- */

static bool is_same_target(const DISPLAYCONFIG_PATH_INFO *one, const DISPLAYCONFIG_PATH_INFO *other) {
  return one->targetInfo.id == other->targetInfo.id && memcmp(&one->targetInfo.adapterId, &other->targetInfo.adapterId, sizeof(LUID)) == 0;
}

/* The scene's output of a path's target; a new one when it is not there yet. NULL: no room. */
static struct display_output *output_of(struct windows_displays *displays, struct display_scene *scene, UINT32 path, bool *is_new) {
  for (uint32_t i = 0; i < scene->count; i++) {
    *is_new = false;
    if (is_same_target(&displays->listed.paths[displays->path_of[i]], &displays->listed.paths[path])) {
      if (display_paths_is_active(&displays->listed, path))
        displays->path_of[i] = path; /* of the paths to one target, the one in use */
      return &scene->list[i];
    }
  }
  if (scene->count == DISPLAY_OUTPUTS_MAX)
    return NULL;
  *is_new = true;
  displays->path_of[scene->count] = path;
  return &scene->list[scene->count++];
}

static void describe_adapter(const DISPLAYCONFIG_PATH_INFO *path, struct display_output *output) {
  struct display_adapter adapter = {.kind = DISPLAY_GPU, .name = "a display adapter"};
  DISPLAYCONFIG_ADAPTER_NAME name = {
      .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME, .size = sizeof name, .adapterId = path->targetInfo.adapterId}};
  if (DisplayConfigGetDeviceInfo(&name.header) == ERROR_SUCCESS)
    display_adapter_of_path(name.adapterDevicePath, &adapter);
  output->kind = adapter.kind;
  output->driver = adapter.driver;
  memcpy(output->adapter, adapter.name, sizeof output->adapter);
}

static void take_path(struct windows_displays *displays, struct display_scene *scene, UINT32 index) {
  const DISPLAYCONFIG_PATH_INFO *path = &displays->listed.paths[index];
  bool is_new = true;
  struct display_output *output = output_of(displays, scene, index, &is_new);
  if (!output)
    return;
  if (is_new) {
    *output = (struct display_output){0};
    describe_adapter(path, output);
    displays->driver_of[scene->count - 1] = output->driver;
  }
  output->connected |= path->targetInfo.targetAvailable != 0;
  output->active |= display_paths_is_active(&displays->listed, index);
  output->primary |= display_paths_is_primary(&displays->listed, index);
}

static bool list(struct display_system *system, struct display_scene *scene) {
  struct windows_displays *displays = of(system);
  display_paths_free(&displays->listed);
  LONG error = display_paths_read(QDC_ALL_PATHS, &displays->listed);
  if (error != ERROR_SUCCESS) /* Wine knows only what is active */
    error = display_paths_read(QDC_ONLY_ACTIVE_PATHS, &displays->listed);
  if (error != ERROR_SUCCESS)
    return fail("Windows does not say which displays there are", error);
  memset(scene, 0, sizeof *scene);
  for (UINT32 i = 0; i < displays->listed.path_count; i++) {
    if (displays->listed.paths[i].targetInfo.targetAvailable || display_paths_is_active(&displays->listed, i))
      take_path(displays, scene, i);
  }
  display_adapter_count(scene);
  return true;
}

/* ---- change ---- */

/* Before the first change only: later ones would save our own arrangement. */
static bool save(struct windows_displays *displays) {
  if (displays->saved.path_count > 0)
    return true;
  const LONG error = display_paths_read(QDC_ONLY_ACTIVE_PATHS, &displays->saved);
  return error == ERROR_SUCCESS || fail("the arrangement of the displays cannot be saved", error);
}

static bool isolate(struct display_system *system, uint32_t output) {
  struct windows_displays *displays = of(system);
  if (!save(displays))
    return false;
  const LONG error = display_paths_apply_alone(&displays->listed, displays->path_of[output]);
  return error == ERROR_SUCCESS || fail("Windows does not make the output the only display", error);
}

/* Without save(): this is what restore() gives back from now on. */
static bool show_to_people(struct display_system *system, uint32_t output) {
  struct windows_displays *displays = of(system);
  const LONG error = display_paths_apply_alone(&displays->listed, displays->path_of[output]);
  return error == ERROR_SUCCESS || fail("Windows does not make the output the primary display", error);
}

static bool device_of(struct windows_displays *displays, uint32_t output, wchar_t device[CCHDEVICENAME]) {
  const DISPLAYCONFIG_PATH_INFO *path = &displays->listed.paths[displays->path_of[output]];
  DISPLAYCONFIG_SOURCE_DEVICE_NAME name = {.header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME,
                                                      .size = sizeof name,
                                                      .adapterId = path->sourceInfo.adapterId,
                                                      .id = path->sourceInfo.id}};
  const LONG error = DisplayConfigGetDeviceInfo(&name.header);
  if (error != ERROR_SUCCESS)
    return fail("the display has no name", error);
  memcpy(device, name.viewGdiDeviceName, CCHDEVICENAME * sizeof *device);
  return true;
}

/* What the driver offers, as the display is turned now. */
static uint32_t read_modes(const wchar_t *device, struct display_mode modes[DISPLAY_MODES_MAX]) {
  DEVMODEW mode = {.dmSize = sizeof mode};
  uint32_t count = 0;
  for (DWORD i = 0; count < DISPLAY_MODES_MAX && EnumDisplaySettingsW(device, i, &mode); i++) {
    if (mode.dmBitsPerPel == 32)
      modes[count++] = (struct display_mode){mode.dmPelsWidth, mode.dmPelsHeight, mode.dmDisplayFrequency * 1000};
  }
  return count;
}

static bool apply_mode(struct windows_displays *displays, const wchar_t *device, const struct display_mode *wanted) {
  DEVMODEW mode = {.dmSize = sizeof mode};
  if (EnumDisplaySettingsW(device, ENUM_CURRENT_SETTINGS, &mode) && mode.dmPelsWidth == wanted->width &&
      mode.dmPelsHeight == wanted->height && mode.dmDisplayFrequency == wanted->refresh_mhz / 1000)
    return true;
  mode.dmFields = DM_PELSWIDTH | DM_PELSHEIGHT | DM_DISPLAYFREQUENCY;
  mode.dmPelsWidth = wanted->width;
  mode.dmPelsHeight = wanted->height;
  mode.dmDisplayFrequency = wanted->refresh_mhz / 1000;
  const LONG result = ChangeDisplaySettingsExW(device, &mode, NULL, CDS_FULLSCREEN, NULL); /* temporary: not for the registry */
  if (result != DISP_CHANGE_SUCCESSFUL) {
    log_warning("the display does not take %" PRIu32 "x%" PRIu32 " (%ld)", wanted->width, wanted->height, result);
    return false;
  }
  wcscpy(displays->changed_device, device);
  return true;
}

static bool set_mode(struct display_system *system, uint32_t output, const struct display_mode *wish) {
  struct windows_displays *displays = of(system);
  wchar_t device[CCHDEVICENAME];
  struct display_mode *modes = calloc(DISPLAY_MODES_MAX, sizeof *modes);
  if (!modes || !save(displays) || !device_of(displays, output, device)) {
    free(modes);
    return false;
  }
  const int index = display_mode_pick(modes, read_modes(device, modes), wish);
  if (index < 0)
    log_debug("the display offers no mode of %" PRIu32 "x%" PRIu32, wish->width, wish->height);
  const bool good = index >= 0 && apply_mode(displays, device, &modes[index]);
  free(modes);
  return good;
}

static enum display_offer offer_mode(struct display_system *system, uint32_t output, const struct display_mode *wish) {
  const struct windows_displays *displays = of(system);
  return virtual_display_offer(displays->driver_of[output], wish);
}

static bool restore(struct display_system *system) {
  struct windows_displays *displays = of(system);
  const bool is_known = displays->saved.path_count > 0;
  LONG error = ERROR_NOT_FOUND;
  if (displays->changed_device[0] || !is_known) {
    const LONG result = ChangeDisplaySettingsExW(is_known ? displays->changed_device : NULL, NULL, NULL, 0, NULL);
    if (result != DISP_CHANGE_SUCCESSFUL)
      log_warning("the display's mode cannot be given back (%ld)", result);
  }
  if (is_known)
    error = display_paths_apply(&displays->saved);
  if (error != ERROR_SUCCESS)
    error = display_paths_apply_remembered();
  if (error != ERROR_SUCCESS)
    return fail("the displays cannot be given back; the settings of Windows can, or a restart", error);
  display_paths_free(&displays->saved);
  displays->changed_device[0] = 0;
  return true;
}

/* ---- the rest ---- */

static void keep_awake(struct display_system *system, bool awake) {
  (void)system;
  if (!SetThreadExecutionState(ES_CONTINUOUS | (awake ? ES_DISPLAY_REQUIRED | ES_SYSTEM_REQUIRED : 0)))
    log_warning("the display cannot be kept from sleep");
}

static wchar_t *mark_path(void) {
  char path[DATA_PATH_BYTES];
  return data_directory_path(MARK_FILE, path) ? wide_text(path) : NULL;
}

static bool is_marked(struct display_system *system) {
  wchar_t *path = mark_path();
  const bool exists = path && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
  free(path);
  return exists || of(system)->marked;
}

static void mark(struct display_system *system, bool marked) {
  of(system)->marked = marked;
  if (marked) {
    if (!data_directory_write(MARK_FILE,
                              "The displays are arranged for a viewer; the agent removes this file when it has given them back.\r\n"))
      log_warning("%s cannot be written: should the agent die, nobody gives the displays back before the next restart", MARK_FILE);
    return;
  }
  wchar_t *path = mark_path();
  if (path)
    DeleteFileW(path);
  free(path);
}

static void destroy(struct display_system *system) {
  struct windows_displays *displays = of(system);
  display_paths_free(&displays->listed);
  display_paths_free(&displays->saved);
  free(displays);
}

static const struct display_system_impl impl = {.list = list,
                                                .isolate = isolate,
                                                .show_to_people = show_to_people,
                                                .set_mode = set_mode,
                                                .offer_mode = offer_mode,
                                                .restore = restore,
                                                .keep_awake = keep_awake,
                                                .is_marked = is_marked,
                                                .mark = mark,
                                                .destroy = destroy};

struct display_system *display_system_windows_create(void) {
  struct windows_displays *displays = calloc(1, sizeof *displays);
  if (!displays)
    return NULL;
  displays->base.impl = &impl;
  return &displays->base;
}
