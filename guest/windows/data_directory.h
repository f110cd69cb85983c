/* C:\ProgramData\Transom: settings, logs and what the service remembers. Only SYSTEM and administrators may write there, because a service
 * of SYSTEM reads it. Control plane; any thread. Paths are UTF-8. */
#ifndef TRANSOM_GUEST_WINDOWS_DATA_DIRECTORY_H
#define TRANSOM_GUEST_WINDOWS_DATA_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#define DATA_PATH_BYTES 300
#define DATA_ERROR_BYTES 256

/* The path of `name` in it; of the directory itself for "". False: the system names no such folder, or the path is too long. */
bool data_directory_path(const char *name, char path[DATA_PATH_BYTES]);

/* Makes it, or corrects its rights. False: one line in `error`; so also when it belongs to another user, who may have laid it out for us.
 */
bool data_directory_create(char error[DATA_ERROR_BYTES]);

/* Removes it with what is in it (files only: it has no directories). True when it is gone. */
bool data_directory_remove(char error[DATA_ERROR_BYTES]);

/* Replaces file `name` by `text` in one step: a reader sees the old or the new. */
bool data_directory_write(const char *name, const char *text);

#endif
