/* Figures for other programs: a Unix socket that sends a line to everybody who is connected, and reads nothing.
 *
 * Whoever does not read in time misses whole lines; one who took half a line is let go, as is one who sends anything. Only the user himself
 * can connect (mode 0600). Threads: create and destroy at start and end; the rest on the event loop's thread. Control plane. */
#ifndef TRANSOM_HOST_APP_STATS_SOCKET_H
#define TRANSOM_HOST_APP_STATS_SOCKET_H

#include <stddef.h>

#define STATS_SOCKET_CLIENTS_MAX 8u
#define STATS_SOCKET_LINE_BYTES 8192u

struct event_loop;
struct stats_socket;

/* Listens from now on. A socket that nobody listens on any more is replaced. NULL: `error` says why. */
struct stats_socket *stats_socket_create(const char *path, char *error, size_t capacity);
void stats_socket_destroy(struct stats_socket *socket); /* removes the path; NULL is fine */

int stats_socket_attach(struct stats_socket *socket, struct event_loop *loop); /* 0, -ENOMEM; NULL is fine */
void stats_socket_detach(struct stats_socket *socket);                         /* lets everybody go; before the loop ends; NULL is fine */

/* With its newline, at most STATS_SOCKET_LINE_BYTES. Never waits. Who comes later gets the last one at once. NULL is fine. */
void stats_socket_send(struct stats_socket *socket, const char *line, size_t length);

#endif
