/* Windows' display paths (QueryDisplayConfig, SetDisplayConfig): which source shows on which target. Control plane; the agent's thread. */
#ifndef TRANSOM_GUEST_WINDOWS_DISPLAY_PATHS_H
#define TRANSOM_GUEST_WINDOWS_DISPLAY_PATHS_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#define DISPLAY_PATHS_MAX 1024u /* every source with every target of every adapter: some hundred on a GPU with many sockets */

struct display_paths {
  UINT32 path_count, mode_count;
  DISPLAYCONFIG_PATH_INFO *paths;
  DISPLAYCONFIG_MODE_INFO *modes;
};

/* `flags`: QDC_ALL_PATHS or QDC_ONLY_ACTIVE_PATHS. 0, or the system's error, then `paths` is empty. */
LONG display_paths_read(UINT32 flags, struct display_paths *paths);
void display_paths_free(struct display_paths *paths);

/* Until the next change by anybody, or the machine's restart: nothing is written to the system's database of arrangements. */
LONG display_paths_apply(const struct display_paths *paths);

/* Path `index` as the only one, its source at the desktop's origin. */
LONG display_paths_apply_alone(const struct display_paths *paths, UINT32 index);

/* As the system remembers it for the monitors that are connected. */
LONG display_paths_apply_remembered(void);

bool display_paths_is_active(const struct display_paths *paths, UINT32 index);
bool display_paths_is_primary(const struct display_paths *paths, UINT32 index);

#endif
