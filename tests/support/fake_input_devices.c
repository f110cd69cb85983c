#include "support/fake_input_devices.h"

#include "host/devices/device_discovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX 8

struct device_discovery {
  const struct device_discovery_events *events;
  void *user_data;
};

static struct input_device_info devices[DEVICES_MAX];
static unsigned device_count, opened, revoked;
static bool denied;
static struct device_discovery *discovery; /* one at a time is all that there is */

void fake_input_devices_reset(void) {
  device_count = opened = revoked = 0;
  denied = false;
}

void fake_input_devices_deny(bool deny) { denied = deny; }

void fake_input_device_plug(const char *node, const char *name, uint32_t roles) {
  if (device_count == DEVICES_MAX)
    abort();
  struct input_device_info *info = &devices[device_count++];
  *info = (struct input_device_info){.bus = 3, .vendor = 0x46d, .product = 0xc52b, .roles = roles};
  snprintf(info->node, sizeof info->node, "%s", node);
  snprintf(info->name, sizeof info->name, "%s", name);
  if (discovery)
    discovery->events->added(info, discovery->user_data);
}

void fake_input_device_unplug(const char *node) {
  for (unsigned i = 0; i < device_count; i++) {
    if (strcmp(devices[i].node, node))
      continue;
    devices[i] = devices[--device_count];
    if (discovery)
      discovery->events->removed(node, discovery->user_data);
    return;
  }
}

struct device_discovery *device_discovery_create(struct event_loop *loop, const struct device_discovery_events *events, void *user_data) {
  (void)loop;
  if (discovery)
    abort();
  discovery = malloc(sizeof *discovery);
  if (!discovery)
    abort();
  *discovery = (struct device_discovery){events, user_data};
  for (unsigned i = 0; i < device_count; i++)
    events->added(&devices[i], user_data);
  return discovery;
}

void device_discovery_destroy(struct device_discovery *gone) {
  free(gone);
  discovery = NULL;
}

const char *device_discovery_name(const struct device_discovery *any) {
  (void)any;
  return "fake";
}

static int open_node(const char *node) {
  (void)node;
  if (denied)
    return -EACCES;
  opened++;
  return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void revoke(int fd) {
  (void)fd;
  revoked++;
}

const struct device_access fake_input_device_access = {open_node, revoke};

unsigned fake_input_devices_opened(void) { return opened; }
unsigned fake_input_devices_revoked(void) { return revoked; }
