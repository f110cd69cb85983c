#include "support/uinput_device.h"

#include <linux/uinput.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define LED_KINDS 3
#define READ_EVENTS 64

static void set_bits(int fd, unsigned long request, int first, int last) {
  for (int code = first; code <= last; code++)
    assert_int_equal(ioctl(fd, request, code), 0);
}

static void describe_keyboard(int fd) {
  set_bits(fd, UI_SET_EVBIT, EV_REP, EV_REP);
  set_bits(fd, UI_SET_EVBIT, EV_LED, EV_LED);
  set_bits(fd, UI_SET_LEDBIT, LED_NUML, LED_SCROLLL);
  set_bits(fd, UI_SET_KEYBIT, KEY_ESC, KEY_MICMUTE);
  set_bits(fd, UI_SET_KEYBIT, KEY_OK, KEY_ALS_TOGGLE - 1);
  set_bits(fd, UI_SET_KEYBIT, KEY_BUTTONCONFIG, KEY_ASSISTANT);
  set_bits(fd, UI_SET_KEYBIT, KEY_BRIGHTNESS_MIN, KEY_BRIGHTNESS_MAX);
}

static void describe_mouse(int fd) {
  static const int axes[] = {REL_X, REL_Y, REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES};
  set_bits(fd, UI_SET_EVBIT, EV_REL, EV_REL);
  set_bits(fd, UI_SET_KEYBIT, BTN_LEFT, BTN_LEFT + 15);
  for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++)
    set_bits(fd, UI_SET_RELBIT, axes[i], axes[i]);
}

/* "/dev/input/eventN" from the directory that uinput names in sysfs. */
static void find_node(struct uinput_device *device) {
  char name[64], path[128];
  assert_true(ioctl(device->fd, UI_GET_SYSNAME(sizeof(name)), name) > 0);
  snprintf(path, sizeof(path), "/sys/devices/virtual/input/%.60s", name);
  DIR *directory = opendir(path);
  assert_non_null(directory);
  const struct dirent *entry;
  while ((entry = readdir(directory)))
    if (strncmp(entry->d_name, "event", 5) == 0)
      snprintf(device->info.node, sizeof(device->info.node), "/dev/input/%.40s", entry->d_name);
  closedir(directory);
  assert_int_not_equal(device->info.node[0], 0);
}

void uinput_device_create(struct uinput_device *device, enum uinput_kind kind, const char *name, const char *physical) {
  struct uinput_setup setup = {.id = {.bustype = BUS_USB, .vendor = 0x1234, .product = kind == UINPUT_MOUSE ? 2 : 1}};
  *device = (struct uinput_device){.fd = open("/dev/uinput", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  assert_true(device->fd >= 0);
  set_bits(device->fd, UI_SET_EVBIT, EV_KEY, EV_KEY);
  if (kind == UINPUT_MOUSE)
    describe_mouse(device->fd);
  else
    describe_keyboard(device->fd);
  if (physical)
    assert_int_equal(ioctl(device->fd, UI_SET_PHYS, physical), 0);
  snprintf(setup.name, sizeof(setup.name), "%s", name);
  assert_int_equal(ioctl(device->fd, UI_DEV_SETUP, &setup), 0);
  assert_int_equal(ioctl(device->fd, UI_DEV_CREATE), 0);
  find_node(device);
  snprintf(device->info.name, sizeof(device->info.name), "%s", name);
  device->info.bus = setup.id.bustype;
  device->info.vendor = setup.id.vendor;
  device->info.product = setup.id.product;
  device->info.roles = kind == UINPUT_MOUSE ? INPUT_DEVICE_POINTER : INPUT_DEVICE_KEYBOARD;
}

void uinput_device_destroy(struct uinput_device *device) {
  if (device->fd >= 0)
    close(device->fd);
  device->fd = -1;
}

void uinput_device_emit(struct uinput_device *device, uint16_t type, uint16_t code, int32_t value) {
  const struct input_event event = {.type = type, .code = code, .value = value};
  assert_int_equal(write(device->fd, &event, sizeof(event)), sizeof(event));
}

void uinput_device_sync(struct uinput_device *device) { uinput_device_emit(device, EV_SYN, SYN_REPORT, 0); }

void uinput_device_key(struct uinput_device *device, uint16_t code, bool down) {
  uinput_device_emit(device, EV_KEY, code, down);
  uinput_device_sync(device);
}

void uinput_device_move(struct uinput_device *device, int32_t dx, int32_t dy) {
  if (dx)
    uinput_device_emit(device, EV_REL, REL_X, dx);
  if (dy)
    uinput_device_emit(device, EV_REL, REL_Y, dy);
  uinput_device_sync(device);
}

int uinput_device_open(const struct uinput_device *device) {
  const int fd = open(device->info.node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  assert_true(fd >= 0);
  return fd;
}

int uinput_count_events(int fd, uint16_t type, uint16_t code, int32_t *last) {
  struct input_event events[READ_EVENTS];
  ssize_t bytes;
  int count = 0;
  while ((bytes = read(fd, events, sizeof(events))) > 0)
    for (size_t i = 0; i < (size_t)bytes / sizeof(events[0]); i++)
      if (events[i].type == type && events[i].code == code) {
        count++;
        if (last)
          *last = events[i].value;
      }
  return count;
}

size_t uinput_read_keys(int fd, struct uinput_key_change changes[], size_t capacity) {
  struct input_event event;
  size_t count = 0;
  while (count < capacity && read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event)) {
    assert_false(event.type == EV_SYN && event.code == SYN_DROPPED); /* whoever reads as a compositor keeps up */
    if (event.type == EV_KEY && event.value != 2)
      changes[count++] = (struct uinput_key_change){event.code, event.value != 0};
  }
  return count;
}

bool uinput_kernel_has_down(int fd, uint16_t code) {
  uint8_t down[KEY_CNT / 8] = {0};
  assert_true(ioctl(fd, EVIOCGKEY(sizeof(down)), down) >= 0);
  return down[code / 8] >> (code % 8) & 1;
}

uint32_t uinput_kernel_leds(int fd) {
  uint8_t leds[(LED_CNT + 7) / 8] = {0};
  assert_true(ioctl(fd, EVIOCGLED(sizeof(leds)), leds) >= 0);
  return leds[0] & ((1u << LED_KINDS) - 1);
}

void uinput_write_leds(int fd, uint32_t led_mask) {
  struct input_event events[LED_KINDS + 1] = {0};
  for (uint16_t kind = 0; kind < LED_KINDS; kind++)
    events[kind] = (struct input_event){.type = EV_LED, .code = kind, .value = led_mask >> kind & 1};
  assert_int_equal(write(fd, events, sizeof(events)), sizeof(events)); /* the last is EV_SYN */
}
