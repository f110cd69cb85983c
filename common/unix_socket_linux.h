/* Connecting to a Unix socket by its path. */
#ifndef TRANSOM_COMMON_UNIX_SOCKET_LINUX_H
#define TRANSOM_COMMON_UNIX_SOCKET_LINUX_H

#define UNIX_SOCKET_PATH_BYTES_MAX 108 /* with the final 0: sizeof sun_path, unix(7) */

/* A connected stream, non-blocking and close-on-exec; never waits. -ENOENT and -ECONNREFUSED: nobody listens there (or its backlog is
 * full), -ENAMETOOLONG, other -errno. */
int unix_socket_connect(const char *path);

#endif
