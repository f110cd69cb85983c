#include "guest/windows/display_paths.h"

#include <stdlib.h>

#define READ_TRIES 4 /* a monitor may come between the question how many there are and the answer */
#define APPLY_FLAGS (SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG | SDC_ALLOW_CHANGES)

void display_paths_free(struct display_paths *paths) {
  free(paths->paths);
  free(paths->modes);
  *paths = (struct display_paths){0};
}

static LONG read_once(UINT32 flags, struct display_paths *paths) {
  LONG error = GetDisplayConfigBufferSizes(flags, &paths->path_count, &paths->mode_count);
  if (error != ERROR_SUCCESS)
    return error;
  if (paths->path_count > DISPLAY_PATHS_MAX || paths->mode_count > DISPLAY_PATHS_MAX)
    return ERROR_NOT_SUPPORTED;
  paths->paths = calloc(paths->path_count + 1, sizeof *paths->paths);
  paths->modes = calloc(paths->mode_count + 1, sizeof *paths->modes);
  if (!paths->paths || !paths->modes)
    return ERROR_NOT_ENOUGH_MEMORY;
  return QueryDisplayConfig(flags, &paths->path_count, paths->paths, &paths->mode_count, paths->modes, NULL);
}

LONG display_paths_read(UINT32 flags, struct display_paths *paths) {
  LONG error = ERROR_INSUFFICIENT_BUFFER;
  *paths = (struct display_paths){0};
  for (int i = 0; i < READ_TRIES && error == ERROR_INSUFFICIENT_BUFFER; i++) {
    display_paths_free(paths);
    error = read_once(flags, paths);
  }
  if (error != ERROR_SUCCESS)
    display_paths_free(paths);
  return error;
}

LONG display_paths_apply(const struct display_paths *paths) {
  return SetDisplayConfig(paths->path_count, paths->paths, paths->mode_count, paths->modes, APPLY_FLAGS);
}

LONG display_paths_apply_remembered(void) { return SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_USE_DATABASE_CURRENT); }

bool display_paths_is_active(const struct display_paths *paths, UINT32 index) {
  return paths->paths[index].flags & DISPLAYCONFIG_PATH_ACTIVE;
}

static const DISPLAYCONFIG_MODE_INFO *mode_at(const struct display_paths *paths, UINT32 index) {
  return index < paths->mode_count ? &paths->modes[index] : NULL;
}

bool display_paths_is_primary(const struct display_paths *paths, UINT32 index) {
  const DISPLAYCONFIG_MODE_INFO *source = mode_at(paths, paths->paths[index].sourceInfo.modeInfoIdx);
  return display_paths_is_active(paths, index) && source && source->infoType == DISPLAYCONFIG_MODE_INFO_TYPE_SOURCE &&
         source->sourceMode.position.x == 0 && source->sourceMode.position.y == 0;
}

/* An output that is off has no mode: the system picks its best. */
LONG display_paths_apply_alone(const struct display_paths *paths, UINT32 index) {
  DISPLAYCONFIG_PATH_INFO path = paths->paths[index];
  DISPLAYCONFIG_MODE_INFO modes[2];
  UINT32 count = 0;
  const DISPLAYCONFIG_MODE_INFO *source = mode_at(paths, path.sourceInfo.modeInfoIdx);
  const DISPLAYCONFIG_MODE_INFO *target = mode_at(paths, path.targetInfo.modeInfoIdx);
  path.sourceInfo.modeInfoIdx = path.targetInfo.modeInfoIdx = DISPLAYCONFIG_PATH_MODE_IDX_INVALID;
  if (display_paths_is_active(paths, index) && source && target) {
    modes[count] = *source;
    modes[count].sourceMode.position.x = modes[count].sourceMode.position.y = 0;
    path.sourceInfo.modeInfoIdx = count++;
    modes[count] = *target;
    path.targetInfo.modeInfoIdx = count++;
  }
  path.flags |= DISPLAYCONFIG_PATH_ACTIVE;
  return SetDisplayConfig(1, &path, count, count ? modes : NULL, APPLY_FLAGS);
}
