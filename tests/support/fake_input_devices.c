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
static bool held[0x300];
static char told[1024];
static int keyboard_error, keyboards, host_keys_down;
static struct device_discovery *discovery; /* one at a time is all that there is */

void fake_input_devices_reset(void) {
  device_count = opened = revoked = 0;
  denied = false;
  memset(held, 0, sizeof held);
  told[0] = 0;
  keyboard_error = 0;
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

static int watch(const char *node) {
  (void)node;
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_down(int fd, uint16_t code) {
  (void)fd;
  return code < sizeof held && held[code];
}

const struct device_access fake_input_device_access = {open_node, revoke, watch, is_down};

void fake_key_hold(uint16_t code, bool down) { held[code] = down; }

/* ---- the host ---- */

static int open_keyboard(void) {
  if (keyboard_error)
    return -keyboard_error;
  keyboards++;
  return 7;
}

static void play(int fd, uint16_t code, bool down) {
  (void)fd;
  const size_t used = strlen(told);
  host_keys_down += down ? 1 : -1;
  snprintf(told + used, sizeof told - used, "%c%u ", down ? '+' : '-', code);
}

static void close_keyboard(int fd) {
  (void)fd;
  keyboards--;
}

const struct host_keyboard_output fake_host_keyboard = {open_keyboard, play, close_keyboard};

void fake_host_keyboard_fail(int error) { keyboard_error = error; }
int fake_host_keyboards_open(void) { return keyboards; }
int fake_host_keys_down(void) { return host_keys_down; }

const char *fake_host_keyboard_told(void) {
  static char answer[sizeof told];
  memcpy(answer, told, sizeof told);
  told[0] = 0;
  return answer;
}

unsigned fake_input_devices_opened(void) { return opened; }
unsigned fake_input_devices_revoked(void) { return revoked; }
