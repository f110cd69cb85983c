/* What kind of display adapter a device is, by its hardware id. Control plane, any thread. */
#ifndef TRANSOM_GUEST_WINDOWS_DISPLAY_ADAPTER_H
#define TRANSOM_GUEST_WINDOWS_DISPLAY_ADAPTER_H

#include "guest/core/display_choice.h"

#include <wchar.h>

struct display_adapter {
  enum display_kind kind;
  const struct virtual_display *driver; /* of a virtual display; else NULL */
  char name[DISPLAY_NAME_BYTES];        /* as in the device manager */
};

/* Of a device interface's path: \\?\PCI#VEN_10DE&DEV_2684...#4&...#{...}. */
void display_adapter_of_path(const wchar_t *path, struct display_adapter *adapter);

/* Fills scene->gpus and gpu_name with the adapters that are present. */
void display_adapter_count(struct display_scene *scene);

#endif
