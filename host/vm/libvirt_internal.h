/* libvirt's types, for host/vm/libvirt_*.c and domain_watch.c only. */
#ifndef TRANSOM_HOST_VM_LIBVIRT_INTERNAL_H
#define TRANSOM_HOST_VM_LIBVIRT_INTERNAL_H

#include "host/vm/libvirt_connection.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

struct libvirt_connection {
  virConnectPtr handle;
  char uri[256];
};

enum domain_state libvirt_state_of(int state); /* of virDomainState */

/* The domain, or NULL with `error`. Free it. */
virDomainPtr libvirt_domain(struct libvirt_connection *connection, const char *name, char *error, size_t capacity);

/* libvirt's last error of this thread as one line. */
void libvirt_say_error(char *error, size_t capacity);

#endif
