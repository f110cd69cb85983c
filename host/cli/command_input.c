#define LOG_MODULE "input"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/devices/device_class.h"
#include "host/devices/device_discovery.h"
#include "host/event/event_loop.h"
#include "host/input/evdev_access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX 256
#define ABILITIES_BYTES 160

struct arguments {
  bool list;
};

static const struct option_entry entries[] = {
    {.name = "list",
     .letter = 'l',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct arguments, list),
     .help = "every input device, what it can do, whether we may read it, and why not"},
    {0},
};

static const struct option_table table = {
    .usage = "transom input --list",
    .summary = "Shows the input devices that 'transom view' can take for a guest.",
    .entries = entries,
    .epilog = "'--input-device' of the other verbs takes the path, the name in by-id, or VENDOR:PRODUCT.",
};

struct list {
  struct input_device_info devices[DEVICES_MAX];
  size_t count;
};

static void on_added(const struct input_device_info *info, void *user_data) {
  struct list *list = user_data;
  if (list->count < DEVICES_MAX)
    list->devices[list->count++] = *info;
}

/* Nothing goes before the list is complete: it is made within one call. */
static void on_removed(const char *node, void *user_data) {
  (void)node;
  (void)user_data;
}

static unsigned long number_of(const struct input_device_info *info) {
  const char *digits = strpbrk(info->node, "0123456789");
  return digits ? strtoul(digits, NULL, 10) : 0;
}

static int by_number(const void *one, const void *other) {
  const unsigned long a = number_of(one), b = number_of(other);
  return a < b ? -1 : a > b;
}

static void print_roles(uint32_t roles) {
  static const char *const names[] = {"keyboard", "mouse", "controller"};
  const char *between = "  is ";
  for (int i = 0; i < 3; i++)
    if (roles >> i & 1) {
      printf("%s%s", between, names[i]);
      between = " and ";
    }
  printf("%s\n", roles ? "" : "  is never taken for a guest");
}

static void print_access(const char *node) {
  const struct evdev_access access = evdev_access_of(node);
  switch (access.kind) {
  case EVDEV_ACCESS_FULL:
    printf("  may be read\n");
    break;
  case EVDEV_ACCESS_READ:
    printf("  may be read; its LEDs stay the host's: no right to write\n");
    break;
  case EVDEV_ACCESS_HELD:
    printf("  may be read, but another program holds it; that program's own device is taken instead\n");
    break;
  case EVDEV_ACCESS_DENIED:
    printf("  may not be read: only by transom-serve, which hands it to a viewer; see transom-serve(1)\n");
    break;
  case EVDEV_ACCESS_FAILED:
    printf("  cannot be opened: %s\n", strerror(-access.fault));
    break;
  }
}

static void print_device(const struct input_device_info *info) {
  char directory[128], abilities[ABILITIES_BYTES];
  struct device_capabilities capabilities;
  const char *name = strrchr(info->node, '/');
  snprintf(directory, sizeof(directory), "/sys/class/input/%.60s/device", name ? name + 1 : info->node);
  device_capabilities_read(directory, &capabilities);
  device_capabilities_format(&capabilities, abilities, sizeof(abilities));
  printf("%s  %04x:%04x  %s\n", info->node, info->vendor, info->product, info->name);
  if (info->by_id[0])
    printf("  by-id %s\n", info->by_id);
  print_roles(info->roles);
  printf("  has %s\n", abilities[0] ? abilities : "nothing to press or move");
  if (info->roles)
    print_access(info->node);
}

static int print_list(struct event_loop *loop) {
  static const struct device_discovery_events events = {.added = on_added, .removed = on_removed};
  struct list list = {.count = 0};
  struct device_discovery *discovery = device_discovery_create(loop, &events, &list);
  if (!discovery) {
    log_error("cannot look for input devices: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  device_discovery_destroy(discovery);
  qsort(list.devices, list.count, sizeof(list.devices[0]), by_number);
  for (size_t i = 0; i < list.count; i++)
    print_device(&list.devices[i]);
  if (list.count == 0)
    printf("no input devices: /dev/input is empty\n");
  return EXIT_STATUS_OK;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {.list = false};
  int count = 0;
  const enum options_result result = options_parse(&table, argc, argv, &arguments, NULL, 0, &count);
  if (result != OPTIONS_OK)
    return result == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  if (!arguments.list) {
    fprintf(stderr, "transom input: what to do is missing: --list; try --help\n");
    return EXIT_STATUS_USAGE;
  }
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!loop) {
    log_error("cannot start: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  const int status = print_list(loop);
  event_loop_destroy(loop);
  return status;
}

const struct command command_input = {.name = "input", .summary = "show the input devices of this machine", .run = run};
