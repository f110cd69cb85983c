/* Where the sockets of a VM are, and taking possession of them. */
#ifndef TRANSOM_HOST_SERVE_SERVE_PATHS_H
#define TRANSOM_HOST_SERVE_SERVE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define SERVE_PATH_BYTES_MAX 108 /* sun_path */

struct serve_paths {
  char region[SERVE_PATH_BYTES_MAX];    /* .../region.sock */
  char control[SERVE_PATH_BYTES_MAX];   /* .../control.sock */
  char usb_input[SERVE_PATH_BYTES_MAX]; /* .../usb-input.sock */
  char usb_audio[SERVE_PATH_BYTES_MAX]; /* .../usb-audio.sock */
  char state[SERVE_PATH_BYTES_MAX];     /* .../region.state */
  char lock[SERVE_PATH_BYTES_MAX];      /* .../serve.lock: held by the living server */
};

/* Of VM `name`: below /run/transom as root, otherwise below $XDG_RUNTIME_DIR/transom or /tmp/transom-UID. With `region_socket` (not
 * empty) the other files lie beside it, and with `control_socket` that one is there. Makes the directories.
 * 0; -EINVAL a name that is no file name; -ENAMETOOLONG; other -errno. */
int serve_paths_init(struct serve_paths *paths, const char *name, const char *region_socket, const char *control_socket);

/* Takes the lock. 0 with `*lock_fd` (hold it as long as you live); -EADDRINUSE another server has it; other -errno. */
int serve_paths_lock(const struct serve_paths *paths, int *lock_fd);

/* Listens on `path`; a dead socket file is removed first. Owner and group may connect; as root, the group becomes `group` if that exists
 * (NULL: as it is). 0; -EADDRINUSE somebody listens there; other -errno. */
int serve_paths_listen(const char *path, const char *group, int *listener);

#endif
