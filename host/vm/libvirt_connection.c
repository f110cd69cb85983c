#include "host/vm/libvirt_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const state_names[DOMAIN_STATE_COUNT] = {
    [DOMAIN_STATE_UNKNOWN] = "unknown", [DOMAIN_STATE_OFF] = "off",       [DOMAIN_STATE_RUNNING] = "running",
    [DOMAIN_STATE_PAUSED] = "paused",   [DOMAIN_STATE_ASLEEP] = "asleep", [DOMAIN_STATE_STOPPING] = "stopping",
    [DOMAIN_STATE_CRASHED] = "crashed",
};

const char *domain_state_name(enum domain_state state) { return state_names[state]; }

/* The errors are returned; libvirt need not print them as well. */
static void be_quiet(void *user_data, virErrorPtr error) { (void)user_data, (void)error; }

void libvirt_say_error(char *error, size_t capacity) {
  const char *message = virGetLastErrorMessage();
  snprintf(error, capacity, "%.300s", message ? message : "libvirt does not say why");
  for (char *c = error; *c; c++)
    if ((unsigned char)*c < ' ')
      *c = ' ';
}

/* Asking for a session starts a daemon, so only where this user has had domains. */
static bool has_session(void) {
  char path[512];
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  if (geteuid() == 0 || (!config && !home))
    return false;
  if (config && config[0])
    snprintf(path, sizeof path, "%s/libvirt/qemu", config);
  else
    snprintf(path, sizeof path, "%s/.config/libvirt/qemu", home);
  return access(path, R_OK) == 0;
}

unsigned libvirt_uris(const char *given, const char *uris[LIBVIRT_URIS_MAX]) {
  const char *preset = getenv("LIBVIRT_DEFAULT_URI");
  if ((given && given[0]) || (preset && preset[0])) {
    uris[0] = given && given[0] ? given : preset;
    return 1;
  }
  uris[0] = "qemu:///system";
  uris[1] = "qemu:///session";
  return has_session() ? 2 : 1;
}

struct libvirt_connection *libvirt_connection_open(const char *uri, bool read_only, char *error, size_t capacity) {
  virSetErrorFunc(NULL, be_quiet);
  struct libvirt_connection *connection = calloc(1, sizeof *connection);
  if (!connection) {
    snprintf(error, capacity, "out of memory");
    return NULL;
  }
  connection->handle = read_only ? virConnectOpenReadOnly(uri) : virConnectOpen(uri);
  if (!connection->handle) {
    libvirt_say_error(error, capacity);
    free(connection);
    return NULL;
  }
  snprintf(connection->uri, sizeof connection->uri, "%s", uri);
  return connection;
}

void libvirt_connection_close(struct libvirt_connection *connection) {
  if (connection)
    virConnectClose(connection->handle);
  free(connection);
}

const char *libvirt_connection_uri(const struct libvirt_connection *connection) { return connection->uri; }

struct libvirt_connection *libvirt_connection_for(const char *given, const char *domain, bool read_only, char *error, size_t capacity) {
  const char *uris[LIBVIRT_URIS_MAX];
  unsigned count = libvirt_uris(given, uris);
  size_t used = 0;
  error[0] = 0;
  for (unsigned i = 0; i < count; i++) {
    char reason[LIBVIRT_ERROR_BYTES] = "no such domain";
    struct libvirt_connection *connection = libvirt_connection_open(uris[i], read_only, reason, sizeof reason);
    if (connection && libvirt_domain_exists(connection, domain))
      return connection;
    libvirt_connection_close(connection);
    int length = snprintf(error + used, capacity - used, "%s%s: %s", used ? "; " : "", uris[i], reason);
    used = length < 0 || (size_t)length >= capacity - used ? capacity - 1 : used + (size_t)length;
  }
  return NULL;
}

virDomainPtr libvirt_domain(struct libvirt_connection *connection, const char *name, char *error, size_t capacity) {
  virDomainPtr domain = virDomainLookupByName(connection->handle, name);
  if (!domain)
    libvirt_say_error(error, capacity);
  return domain;
}

bool libvirt_domain_exists(struct libvirt_connection *connection, const char *name) {
  virDomainPtr domain = virDomainLookupByName(connection->handle, name);
  if (domain)
    virDomainFree(domain);
  return domain != NULL;
}

enum domain_state libvirt_state_of(int state) {
  switch (state) {
  case VIR_DOMAIN_RUNNING:
  case VIR_DOMAIN_BLOCKED:
    return DOMAIN_STATE_RUNNING;
  case VIR_DOMAIN_PAUSED:
    return DOMAIN_STATE_PAUSED;
  case VIR_DOMAIN_SHUTDOWN:
    return DOMAIN_STATE_STOPPING;
  case VIR_DOMAIN_SHUTOFF:
    return DOMAIN_STATE_OFF;
  case VIR_DOMAIN_CRASHED:
    return DOMAIN_STATE_CRASHED;
  case VIR_DOMAIN_PMSUSPENDED:
    return DOMAIN_STATE_ASLEEP;
  default:
    return DOMAIN_STATE_UNKNOWN;
  }
}

enum domain_state libvirt_domain_state(struct libvirt_connection *connection, const char *name) {
  int state = VIR_DOMAIN_NOSTATE;
  virDomainPtr domain = virDomainLookupByName(connection->handle, name);
  if (!domain)
    return DOMAIN_STATE_UNKNOWN;
  if (virDomainGetState(domain, &state, NULL, 0) != 0)
    state = VIR_DOMAIN_NOSTATE;
  virDomainFree(domain);
  return libvirt_state_of(state);
}

static char *xml_of(struct libvirt_connection *connection, const char *name, unsigned flags, char *error, size_t capacity) {
  virDomainPtr domain = libvirt_domain(connection, name, error, capacity);
  if (!domain)
    return NULL;
  char *xml = virDomainGetXMLDesc(domain, flags);
  if (!xml)
    libvirt_say_error(error, capacity);
  virDomainFree(domain);
  return xml;
}

char *libvirt_domain_definition(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity) {
  return xml_of(connection, domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE, error, capacity);
}

char *libvirt_domain_live_xml(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity) {
  return xml_of(connection, domain, 0, error, capacity);
}

bool libvirt_accepts(struct libvirt_connection *connection, const char *xml, char *error, size_t capacity) {
  char *command = virConnectDomainXMLToNative(connection->handle, "qemu-argv", xml, 0);
  bool accepted = command || virGetLastErrorCode() == VIR_ERR_NO_SUPPORT;
  if (!accepted)
    libvirt_say_error(error, capacity);
  free(command);
  return accepted;
}

bool libvirt_define(struct libvirt_connection *connection, const char *xml, char *error, size_t capacity) {
  virDomainPtr domain = virDomainDefineXML(connection->handle, xml);
  if (!domain)
    libvirt_say_error(error, capacity);
  else
    virDomainFree(domain);
  return domain != NULL;
}

bool libvirt_domain_has_saved_state(struct libvirt_connection *connection, const char *name) {
  virDomainPtr domain = virDomainLookupByName(connection->handle, name);
  bool saved = domain && virDomainHasManagedSaveImage(domain, 0) == 1;
  if (domain)
    virDomainFree(domain);
  return saved;
}

static bool do_domain(struct libvirt_connection *connection, const char *name, int (*action)(virDomainPtr), char *error, size_t capacity) {
  virDomainPtr domain = libvirt_domain(connection, name, error, capacity);
  if (!domain)
    return false;
  bool done = action(domain) == 0;
  if (!done)
    libvirt_say_error(error, capacity);
  virDomainFree(domain);
  return done;
}

static int wake(virDomainPtr domain) { return virDomainPMWakeup(domain, 0); }

bool libvirt_domain_start(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity) {
  return do_domain(connection, domain, virDomainCreate, error, capacity);
}

bool libvirt_domain_wake(struct libvirt_connection *connection, const char *domain, char *error, size_t capacity) {
  return do_domain(connection, domain, wake, error, capacity);
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const struct libvirt_domain_entry *)one)->name, ((const struct libvirt_domain_entry *)other)->name);
}

struct libvirt_domain_entry *libvirt_domains(struct libvirt_connection *connection, size_t *count, char *error, size_t capacity) {
  virDomainPtr *domains = NULL;
  int found = virConnectListAllDomains(connection->handle, &domains, 0);
  *count = 0;
  error[0] = 0;
  if (found < 0)
    libvirt_say_error(error, capacity);
  struct libvirt_domain_entry *entries = found > 0 ? calloc((size_t)found, sizeof *entries) : NULL;
  for (int i = 0; i < found; i++) {
    int state = VIR_DOMAIN_NOSTATE;
    if (entries && virDomainGetState(domains[i], &state, NULL, 0) == 0) { /* else it is gone meanwhile */
      struct libvirt_domain_entry *entry = &entries[(*count)++];
      snprintf(entry->name, sizeof entry->name, "%s", virDomainGetName(domains[i]));
      entry->persistent = virDomainIsPersistent(domains[i]) == 1;
      entry->state = libvirt_state_of(state);
    }
    virDomainFree(domains[i]);
  }
  free(domains);
  if (entries)
    qsort(entries, *count, sizeof *entries, by_name);
  return entries;
}
