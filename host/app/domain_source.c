#define LOG_MODULE "domain"
#include "host/app/domain_source.h"

#include "common/log.h"
#include "host/vm/libvirt_resolve.h"
#include "host/vm/qmp_bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS 5000

static bool exists(const char *region) {
  const char *path = strncmp(region, "server:", 7) == 0 ? region + 7 : region;
  return access(path, F_OK) == 0;
}

/* False: there is something to choose from, and nobody but the user can. */
static bool pick(struct view_settings *settings) {
  char names[512];
  if (libvirt_pick(settings->connect, LIMIT_MS, settings->domain, sizeof settings->domain, names, sizeof names) || !names[0])
    return true; /* libvirt has none: wait for a server of the name "default" */
  log_error("which VM? Give its name, and --start for one that is off: %s", names);
  return false;
}

static void take_place(struct view_settings *settings, const struct libvirt_place *place) {
  char error[256];
  snprintf(settings->libvirt_uri, sizeof settings->libvirt_uri, "%s", place->uri);
  if (place->facts.region[0])
    snprintf(settings->region, sizeof settings->region, "%s", place->facts.region);
  else
    log_warning("%s has no shared memory for frames: only its emulated display is shown; `transom setup %s` adds it", settings->domain,
                settings->domain);
  if (settings->qmp[0])
    return;
  settings->bridge = qmp_bridge_start(settings->libvirt_uri, settings->domain, error, sizeof error);
  if (settings->bridge)
    snprintf(settings->qmp, sizeof settings->qmp, "%s", qmp_bridge_path(settings->bridge));
  else
    log_warning("no input: %s", error);
}

bool domain_source_resolve(struct view_settings *settings) {
  struct libvirt_place place;
  if (settings->region_given)
    return true;
  if (!settings->domain_given && !exists(settings->region) && !pick(settings))
    return false;
  libvirt_resolve(settings->connect, settings->domain, LIMIT_MS, &place);
  if (place.uri[0]) {
    take_place(settings, &place);
    return true;
  }
  log_debug("%s", place.reason);
  if (exists(settings->region) || !settings->domain_given)
    return true; /* a VM that libvirt does not manage, or libvirt is away: its socket is where it belongs */
  log_warning("%s: %s; waiting for %s", settings->domain, place.reason, settings->region);
  return true;
}

void domain_source_release(struct view_settings *settings) {
  qmp_bridge_stop(settings->bridge);
  settings->bridge = NULL;
}

bool domain_source_knows(const char *domain) {
  struct libvirt_place place;
  libvirt_resolve("", domain, LIMIT_MS, &place);
  return place.uri[0] != 0;
}
