/* Pictures to PNG files. Control plane. */
#ifndef TRANSOM_HOST_APP_SCREENSHOT_H
#define TRANSOM_HOST_APP_SCREENSHOT_H

#include "host/present/presenter.h"

/* Writes `path` whole or not at all. 0 or -errno. */
int screenshot_write(const char *path, const struct presenter_image *image);

/* Writes a picture on a thread of its own, into a new file DOMAIN-DATE-TIME.png in $XDG_PICTURES_DIR, ~/Pictures or ~, and says so in the
 * log. Takes over image->pixels. NULL: no thread. */
struct screenshot_job;
struct screenshot_job *screenshot_start(const struct presenter_image *image, const char *domain);
void screenshot_finish(struct screenshot_job *job); /* waits; NULL is fine */

#endif
