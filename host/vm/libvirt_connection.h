/* One connection to libvirt, and what we ask of a domain over it. Every call may block for as long as the daemon takes; a daemon that
 * stands still is given up after 15 s where events are handled (host/vm/domain_watch.h). So: control plane, and never the thread of a
 * picture. A connection may be used by several threads. Strings are the caller's, on the heap. Errors are one line in libvirt's own words.
 */
#ifndef TRANSOM_HOST_VM_LIBVIRT_CONNECTION_H
#define TRANSOM_HOST_VM_LIBVIRT_CONNECTION_H

#include "host/vm/setup_plan.h"

#include <stdbool.h>
#include <stddef.h>

struct libvirt_connection;

#define LIBVIRT_ERROR_BYTES 320u
#define LIBVIRT_URIS_MAX 2u

/* Where to look for domains: `given` (-c), else LIBVIRT_DEFAULT_URI, else system and, where this user has had one, session. */
unsigned libvirt_uris(const char *given, const char *uris[LIBVIRT_URIS_MAX]);

struct libvirt_connection *libvirt_connection_open(const char *uri, bool read_only, char *error, size_t capacity);
void libvirt_connection_close(struct libvirt_connection *connection); /* NULL is fine */
const char *libvirt_connection_uri(const struct libvirt_connection *connection);

/* Opens the first of libvirt_uris() that has the domain. NULL: `error` names every place that was asked, and what it said. */
struct libvirt_connection *libvirt_connection_for(const char *given, const char *domain, bool read_only, char *error, size_t capacity);

enum domain_state {
  DOMAIN_STATE_UNKNOWN,
  DOMAIN_STATE_OFF,
  DOMAIN_STATE_RUNNING,
  DOMAIN_STATE_PAUSED,
  DOMAIN_STATE_ASLEEP, /* the guest suspended itself to memory */
  DOMAIN_STATE_STOPPING,
  DOMAIN_STATE_CRASHED,
  DOMAIN_STATE_COUNT,
};
const char *domain_state_name(enum domain_state state); /* "running" */

bool libvirt_domain_exists(struct libvirt_connection *connection, const char *domain);
enum domain_state libvirt_domain_state(struct libvirt_connection *connection, const char *domain);

/* The definition that the next start uses, with its secrets; the live one without. NULL: error. */
char *libvirt_domain_definition(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity);
char *libvirt_domain_live_xml(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity);

/* Would libvirt make a QEMU command line of it? A connection that cannot tell says yes. */
bool libvirt_accepts(struct libvirt_connection *connection, const char *xml, char *error, size_t capacity);
bool libvirt_define(struct libvirt_connection *connection, const char *xml, char *error, size_t capacity);
bool libvirt_domain_has_saved_state(struct libvirt_connection *connection, const char *domain);
bool libvirt_domain_start(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity);
bool libvirt_domain_wake(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity);

/* What of QEMU and libvirt decides about an edit; what cannot be found out stays 0. `qemu_user`: "64055", or "" for the caller. */
void libvirt_host_facts(struct libvirt_connection *connection, struct setup_host *host, char *qemu_user, size_t capacity);

/* A connected socket of display number `index`, or -1. */
int libvirt_open_display(struct libvirt_connection *connection, const char *domain, int index, char *error, size_t capacity);

/* One line of QMP and its answer. */
char *libvirt_monitor(struct libvirt_connection *connection, const char *domain, const char *command, char *error, size_t capacity);

struct libvirt_domain_entry {
  char name[128];
  bool persistent;
  enum domain_state state;
};

/* All domains, sorted by name; `count` of them. NULL: error, or none (count 0, error empty). */
struct libvirt_domain_entry *libvirt_domains(struct libvirt_connection *connection, size_t *count, char *error, size_t capacity);

#endif
