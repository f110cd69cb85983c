/* QEMU's monitor through libvirt, as a socket that speaks QMP: so a domain needs no monitor of its own for input. A thread of its own, with
 * a connection of its own; one client at a time, as a real monitor. libvirt marks the domain as tainted ("custom-monitor"), in its log
 * only. */
#ifndef TRANSOM_HOST_VM_QMP_BRIDGE_H
#define TRANSOM_HOST_VM_QMP_BRIDGE_H

#include <stddef.h>

struct qmp_bridge;

/* `uri` and `domain` must live until stop. NULL: `error`. */
struct qmp_bridge *qmp_bridge_start(const char *uri, const char *domain, char *error, size_t capacity);
const char *qmp_bridge_path(const struct qmp_bridge *bridge); /* of the socket, in a directory that only this user may enter */

/* Tells the client "STOP", "RESUME" or "RESET". Any thread; never blocks: a client that does not read misses it. */
void qmp_bridge_event(struct qmp_bridge *bridge, const char *event);
void qmp_bridge_stop(struct qmp_bridge *bridge); /* NULL is fine; waits at most a second for libvirt */

#endif
