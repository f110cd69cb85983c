/* Follows one domain of libvirt on a thread of its own: what becomes of it, a socket of its display, starting and waking it. Nobody ever
 * waits for it: requests are left and answered by events. When the daemon goes away the VM goes on; the watch says so and connects again
 * every second. One watch a process (libvirt's event loop is the process's). */
#ifndef TRANSOM_HOST_VM_LIBVIRT_WATCH_H
#define TRANSOM_HOST_VM_LIBVIRT_WATCH_H

#include "host/vm/libvirt_connection.h"

struct libvirt_watch;

struct libvirt_watch_options {
  const char *uri, *domain; /* must live until stop */
  bool start;               /* the domain, once, if it is off */
};

struct libvirt_watch_events { /* on the watch's thread */
  /* `reachable`: libvirt answers; else `state` is the last that was known. `text`: one line, may be "". */
  void (*state)(enum domain_state state, bool reachable, const char *text, void *user_data);
  /* A connected VNC socket, for the receiver to close. */
  void (*display)(int fd, void *user_data);
};

/* NULL: the system refuses a thread. */
struct libvirt_watch *libvirt_watch_start(const struct libvirt_watch_options *options, const struct libvirt_watch_events *events,
                                          void *user_data);

/* No event comes after it. A thread that libvirt holds for longer than a second is left behind, for the program is about to end. */
void libvirt_watch_stop(struct libvirt_watch *watch);

/* Any thread; never blocks. */
void libvirt_watch_want_display(struct libvirt_watch *watch);
void libvirt_watch_wake_domain(struct libvirt_watch *watch);

#endif
