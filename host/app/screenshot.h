/* Pictures to PNG files. Control plane. */
#ifndef TRANSOM_HOST_APP_SCREENSHOT_H
#define TRANSOM_HOST_APP_SCREENSHOT_H

#include "host/present/presenter.h"

/* Writes `path` whole or not at all. 0 or -errno. */
int screenshot_write(const char *path, const struct presenter_image *image);

#endif
