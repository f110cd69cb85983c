/* Pictures to PNG files. Control plane. */
#ifndef TRANSOM_HOST_APP_SCREENSHOT_H
#define TRANSOM_HOST_APP_SCREENSHOT_H

#include "host/present/presenter.h"

#include <time.h>

/* Writes `path` whole or not at all. 0 or -errno. */
int screenshot_write(const char *path, const struct presenter_image *image);

/* A name for one that was asked for by a key: "transom-DOMAIN-20250131-235959.png" in $XDG_PICTURES_DIR, else in the home directory. False:
 * neither is set, or the path is too long. */
bool screenshot_name(const char *domain, time_t now, char *path, size_t capacity);

/* Writes a picture to `path` on a thread of its own and says so in the log. Takes over image->pixels. NULL: no thread. */
struct screenshot_job;
struct screenshot_job *screenshot_start(const struct presenter_image *image, const char *path);
void screenshot_finish(struct screenshot_job *job); /* waits; NULL is fine */

#endif
